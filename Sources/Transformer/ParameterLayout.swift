/// One tensor of a model by its part in the computation, whatever the checkpoint calls it.
package enum Parameter: Hashable, Sendable {
  case wordEmbeddings
  case positionEmbeddings
  case tokenTypeEmbeddings
  case embeddingNorm(Term)
  case embeddingProjection(Term)
  case layer(Int, LayerPart, Term)
  case headTransform(Term)
  case headNorm(Term)
  case decoderBias
  /// A projection to the width of another model's states, of a loss between hidden states; not part
  /// of the model itself, so it has no bias and is not exported.
  case projection(Int)

  /// Weight or bias; of a norm, the scale or the shift.
  package enum Term: String, Hashable, Sendable {
    case weight
    case bias
  }

  /// The tensors of one transformer layer.
  package enum LayerPart: Hashable, Sendable, CaseIterable {
    case query, key, value, attentionOutput, attentionNorm, intermediate, output, outputNorm
  }
}

/// Where each parameter lies in the one contiguous array of a model, and in that of its gradient.
package struct ParameterLayout: Sendable {
  /// One tensor of the array.
  package struct Entry: Sendable {
    /// Its part in the computation.
    package let parameter: Parameter
    /// Its name in a Hugging Face checkpoint.
    package let name: String
    /// Its shape; a product's weight is `[out, in]`.
    package let shape: [Int]
    /// Index of its first float.
    package let offset: Int
    /// Number of floats.
    package let count: Int
    /// False for biases and layer norms, which weight decay leaves alone.
    package let decays: Bool
    /// True for the masked-language-model head (its decoder is the word embeddings, tied).
    package let isHead: Bool
  }

  /// All tensors in the order of the array.
  package let entries: [Entry]
  /// Floats in the array.
  package let count: Int
  /// Number of projections, which lie at the end.
  package let projectionCount: Int
  private let index: [Parameter: Int]

  /// Lays out the parameters of a configuration.
  ///
  /// - Parameters:
  ///   - configuration: The model's shape.
  ///   - projections: Widths to which learned projections bring hidden states, `[width, hidden]` each.
  package init(_ configuration: EncoderConfiguration, projections: [Int] = []) {
    let (c, f, v) = (
      configuration.hiddenSize, configuration.intermediateSize, configuration.vocabSize
    )
    let e = configuration.embeddingSize
    var shapes: [(Parameter, [Int])] = [
      (.wordEmbeddings, [v, e]), (.positionEmbeddings, [configuration.maxPositionEmbeddings, e]),
    ]
    if configuration.typeVocabSize > 0 {
      shapes.append((.tokenTypeEmbeddings, [configuration.typeVocabSize, e]))
    }
    shapes += [(.embeddingNorm(.weight), [e]), (.embeddingNorm(.bias), [e])]
    if configuration.architecture.factorisesEmbeddings {
      shapes += [(.embeddingProjection(.weight), [c, e]), (.embeddingProjection(.bias), [c])]
    }
    for layer in 0..<configuration.distinctLayers {
      // Queries, keys and values lie side by side: one [3C, C] product serves the three.
      shapes += [
        (.layer(layer, .query, .weight), [c, c]), (.layer(layer, .key, .weight), [c, c]),
        (.layer(layer, .value, .weight), [c, c]), (.layer(layer, .query, .bias), [c]),
        (.layer(layer, .key, .bias), [c]), (.layer(layer, .value, .bias), [c]),
        (.layer(layer, .attentionOutput, .weight), [c, c]),
        (.layer(layer, .attentionOutput, .bias), [c]),
        (.layer(layer, .attentionNorm, .weight), [c]), (.layer(layer, .attentionNorm, .bias), [c]),
        (.layer(layer, .intermediate, .weight), [f, c]),
        (.layer(layer, .intermediate, .bias), [f]), (.layer(layer, .output, .weight), [c, f]),
        (.layer(layer, .output, .bias), [c]), (.layer(layer, .outputNorm, .weight), [c]),
        (.layer(layer, .outputNorm, .bias), [c]),
      ]
    }
    shapes += [
      (.headTransform(.weight), [e, c]), (.headTransform(.bias), [e]), (.headNorm(.weight), [e]),
      (.headNorm(.bias), [e]), (.decoderBias, [v]),
    ]
    shapes += projections.enumerated().map { (.projection($0), [$1, c]) }
    projectionCount = projections.count
    var entries: [Entry] = []
    var offset = 0
    for (parameter, shape) in shapes {
      let count = shape.reduce(1, *)
      entries.append(
        Entry(
          parameter: parameter, name: configuration.architecture.names.name(of: parameter),
          shape: shape, offset: offset, count: count, decays: shape.count == 2,
          isHead: parameter.isHead))
      offset += count
    }
    self.entries = entries
    self.count = offset
    index = Dictionary(
      entries.enumerated().map { ($1.parameter, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The entry of a parameter.
  ///
  /// - Precondition: the configuration has it.
  package func entry(_ parameter: Parameter) -> Entry {
    guard let position = index[parameter] else {
      preconditionFailure("this model has no \(parameter)")
    }
    return entries[position]
  }
}

extension Parameter {
  /// True for the masked-language-model head.
  package var isHead: Bool {
    switch self {
    case .headTransform, .headNorm, .decoderBias: true
    default: false
    }
  }

  /// True for what belongs to a loss and not to the model.
  package var isProjection: Bool {
    if case .projection = self { true } else { false }
  }

  /// The name of a projection in a checkpoint of a run.
  static func projectionName(_ index: Int) -> String { "distillation.projection.\(index).weight" }
}
