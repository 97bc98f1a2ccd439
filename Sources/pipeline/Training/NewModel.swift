import ArgumentParser
import Kernels
import Transformer

/// The shape of a model of random parameters, as options give it.
struct NewModel {
  let architecture: Architecture
  let vocabSize: Int
  let hiddenSize: Int
  let layers: Int
  /// Nil is one for 64 of the hidden size.
  let heads: Int?
  /// Nil is four times the hidden size.
  let intermediateSize: Int?
  /// Nil is 128; only for factorised embeddings.
  let embeddingSize: Int?
  let positions: Int

  /// The configuration, with what else is usual for its family.
  ///
  /// - Throws: `ValidationError` or `CommandFailure` where there is no such model, or none that fits
  ///   into this machine's memory.
  func configuration() throws -> EncoderConfiguration {
    let heads = heads ?? max(1, hiddenSize / 64)
    guard heads > 0, hiddenSize > 0, hiddenSize % heads == 0 else {
      throw ValidationError(
        "--hidden-size \(hiddenSize) is no positive multiple of --heads \(heads)")
    }
    let (fourfold, overflow) = hiddenSize.multipliedReportingOverflow(by: 4)
    let intermediate = intermediateSize ?? (overflow ? .max : fourfold)
    let embedding = architecture.factorisesEmbeddings ? embeddingSize ?? 128 : hiddenSize
    try ModelSize.check(
      vocabSize: vocabSize, hiddenSize: hiddenSize, layers: layers, intermediateSize: intermediate,
      positions: positions, embeddingSize: embedding, sharesLayers: architecture.sharesLayers)
    return EncoderConfiguration(
      architecture: architecture, vocabSize: vocabSize, hiddenSize: hiddenSize,
      numHiddenLayers: layers, numAttentionHeads: heads, intermediateSize: intermediate,
      embeddingSize: embedding, maxPositionEmbeddings: positions,
      activation: architecture == .albert ? .geluTanh : .geluErf)
  }
}
