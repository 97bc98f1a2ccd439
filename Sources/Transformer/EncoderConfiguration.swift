package import Kernels

/// The families of encoders that are read, trained and written.
package enum Architecture: String, Sendable, Codable, CaseIterable {
  case bert
  case distilBert = "distilbert"
}

/// The shape of an encoder with a masked-language-model head.
package struct EncoderConfiguration: Sendable, Equatable, Codable {
  /// Which family's names and layout the folder uses.
  package var architecture: Architecture
  /// V: entries of the vocabulary.
  package var vocabSize: Int
  /// C: width of the hidden states.
  package var hiddenSize: Int
  /// Number of transformer layers.
  package var numHiddenLayers: Int
  /// NH: attention heads of each layer; divides `hiddenSize`.
  package var numAttentionHeads: Int
  /// Width between the two feed-forward products.
  package var intermediateSize: Int
  /// Longest sequence, in tokens.
  package var maxPositionEmbeddings: Int
  /// Number of token types; 0 for DistilBERT, which has none.
  package var typeVocabSize: Int
  /// Added to the variance in layer norms.
  package var layerNormEps: Float
  /// Feed-forward and head activation.
  package var activation: Activation
  /// Standard deviation of randomly initialised weights.
  package var initializerRange: Float
  /// The padding token's ID; kept for export, since batches carry no padding.
  package var padTokenID: Int

  /// Describes an encoder; the defaults are BERT's.
  ///
  /// - Precondition: sizes are positive and the heads divide the hidden size.
  package init(
    architecture: Architecture, vocabSize: Int, hiddenSize: Int, numHiddenLayers: Int,
    numAttentionHeads: Int, intermediateSize: Int, maxPositionEmbeddings: Int = 512,
    typeVocabSize: Int? = nil, layerNormEps: Float = 1e-12, activation: Activation = .geluErf,
    initializerRange: Float = 0.02, padTokenID: Int = 0
  ) {
    self.architecture = architecture
    self.vocabSize = vocabSize
    self.hiddenSize = hiddenSize
    self.numHiddenLayers = numHiddenLayers
    self.numAttentionHeads = numAttentionHeads
    self.intermediateSize = intermediateSize
    self.maxPositionEmbeddings = maxPositionEmbeddings
    self.typeVocabSize = typeVocabSize ?? (architecture == .bert ? 2 : 0)
    self.layerNormEps = layerNormEps
    self.activation = activation
    self.initializerRange = initializerRange
    self.padTokenID = padTokenID
    precondition(problem == nil, problem ?? "")
  }

  /// What makes this configuration impossible, or nil.
  package var problem: String? {
    let sizes = [
      ("vocab_size", vocabSize), ("hidden_size", hiddenSize),
      ("num_hidden_layers", numHiddenLayers), ("num_attention_heads", numAttentionHeads),
      ("intermediate_size", intermediateSize), ("max_position_embeddings", maxPositionEmbeddings),
    ]
    for (name, value) in sizes where value < 1 || value > 1 << 24 {
      return "\(name) is \(value), which is not between 1 and 2^24"
    }
    if typeVocabSize < 0 || typeVocabSize > 1 << 16 {
      return "type_vocab_size is \(typeVocabSize)"
    }
    if hiddenSize % numAttentionHeads != 0 {
      return "hidden_size \(hiddenSize) is no multiple of num_attention_heads \(numAttentionHeads)"
    }
    if !(layerNormEps > 0) { return "layer_norm_eps is \(layerNormEps), which is not positive" }
    return nil
  }
}
