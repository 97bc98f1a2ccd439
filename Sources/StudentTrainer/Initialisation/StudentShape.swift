package import Transformer

/// What is asked of the shape of a student that starts from a model; nil takes the model's.
package struct StudentShape: Sendable, Hashable {
  /// The student's family.
  package var architecture = Architecture.distilBert
  /// Number of layers; nil is one for each layer that is taken.
  package var layers: Int?
  /// Width of the hidden states, at most the model's.
  package var hiddenSize: Int?
  /// Attention heads, of the model's head size; nil is as many as fill the hidden size.
  package var numAttentionHeads: Int?
  /// Width of the feed-forward, at most the model's; nil shrinks it as the hidden size.
  package var intermediateSize: Int?
  /// Width of factorised embeddings; nil is the model's where it has them, else 128 or the hidden
  /// size, whichever is less.
  package var embeddingSize: Int?

  /// A DistilBERT as wide as the model it starts from.
  package init() {}

  /// The configuration of a student that takes these layers of a model.
  ///
  /// - Returns: The configuration, or what is wrong with the shape.
  func configuration(from source: EncoderConfiguration, layers taken: [Int]) -> Result {
    let headSize = source.hiddenSize / source.numAttentionHeads
    let hidden = hiddenSize ?? source.hiddenSize
    let heads = numAttentionHeads ?? max(1, hidden / headSize)
    let intermediate =
      intermediateSize ?? max(1, source.intermediateSize * hidden / source.hiddenSize)
    var problems: [String] = []
    if hidden != heads * headSize {
      problems.append(
        "hidden_size \(hidden) of \(heads) heads: heads are taken whole, and the model's are "
          + "\(headSize) wide, so choose a multiple of \(headSize) and a head for each")
    }
    for (name, wanted, most) in [
      ("hidden_size", hidden, source.hiddenSize),
      ("intermediate_size", intermediate, source.intermediateSize),
    ] where !(1...most).contains(wanted) {
      problems.append("\(name): student \(wanted), the model \(most); it has to be from 1 to that")
    }
    if !architecture.sharesLayers, let layers, layers != taken.count {
      problems.append("num_hidden_layers: student \(layers), \(taken.count) layers asked for")
    }
    let embedding = self.embedding(source, hidden, &problems)
    guard problems.isEmpty else { return .problems(problems) }
    return .configuration(
      EncoderConfiguration(
        architecture: architecture, vocabSize: source.vocabSize, hiddenSize: hidden,
        numHiddenLayers: layers ?? taken.count, numAttentionHeads: heads,
        intermediateSize: intermediate, embeddingSize: embedding,
        maxPositionEmbeddings: source.maxPositionEmbeddings,
        typeVocabSize: architecture == .distilBert
          ? 0 : source.typeVocabSize > 0 ? source.typeVocabSize : 2,
        // DistilBERT's files have no field for it: what would be trained with another is not what
        // would be read again.
        layerNormEps: architecture == .distilBert ? 1e-12 : source.layerNormEps,
        activation: source.activation, initializerRange: source.initializerRange,
        padTokenID: source.padTokenID))
  }

  /// What becomes of a shape.
  enum Result {
    case configuration(EncoderConfiguration)
    case problems([String])
  }

  private func embedding(
    _ source: EncoderConfiguration, _ hidden: Int, _ problems: inout [String]
  ) -> Int? {
    let isFactorised = source.architecture.factorisesEmbeddings
    guard architecture.factorisesEmbeddings else {
      if isFactorised {
        problems.append(
          "embeddings: the model's are factorised (embedding_size \(source.embeddingSize)), a "
            + "\(architecture.rawValue)'s are not; train an albert student (--architecture albert), "
            + "or start at random")
      }
      return nil
    }
    if isFactorised {
      if let embeddingSize, embeddingSize != source.embeddingSize {
        problems.append(
          "embedding_size: student \(embeddingSize), the model \(source.embeddingSize); they have "
            + "to be equal")
      }
      return source.embeddingSize
    }
    let size = embeddingSize ?? min(128, hidden)
    if !(2...max(hidden, 2)).contains(size) {
      problems.append(
        "embedding_size: student \(size); embeddings of width \(hidden) can be factorised to a "
          + "width from 2 to \(hidden)")
    }
    return size
  }
}
