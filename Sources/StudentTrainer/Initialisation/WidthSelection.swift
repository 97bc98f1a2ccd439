import Transformer

/// Which hidden dimensions, heads and neurons of a model a narrower student takes.
///
/// The choice of hidden dimensions is one for all tensors; heads and neurons are chosen layer by
/// layer. All indexes ascend, so that where nothing is cut everything stays in its place.
struct WidthSelection {
  /// Hidden dimensions; nil takes all.
  private let hidden: [Int]?
  /// Rows of queries, keys and values, for each set of the student's layer parameters.
  private let headRows: [[Int]?]
  private let neurons: [[Int]?]
  private let isFactorised: Bool

  /// Chooses.
  ///
  /// - Parameters:
  ///   - source: The model.
  ///   - student: The student's shape.
  ///   - layers: For each set of the student's layer parameters, the layers that it is made of.
  ///   - options: How it is chosen, and whether the head is taken.
  /// - Throws: What reading tensors throws.
  init(
    source: SourceModel, student: EncoderConfiguration, layers: [[Int]],
    options: StudentInitialiser.Options
  ) throws {
    let shape = source.configuration
    let importance = options.width == .importance ? WidthImportance(source: source) : nil
    isFactorised = shape.architecture.factorisesEmbeddings
    let hidden = try Self.chosen(student.hiddenSize, of: shape.hiddenSize) {
      try importance?.hiddenDimensions(
        layers: layers.flatMap(\.self), wantsHead: options.copiesHead && source.hasHead)
    }
    self.hidden = hidden
    let kept = hidden ?? Array(0..<shape.hiddenSize)
    let headSize = shape.hiddenSize / shape.numAttentionHeads
    // Layers that are averaged have to agree on what is taken.
    headRows = try layers.map { layers in
      try Self.chosen(student.numAttentionHeads, of: shape.numAttentionHeads) {
        try importance.map { importance in
          try Self.sum(layers.map { try importance.heads(layer: $0, hidden: kept) })
        }
      }?.flatMap { $0 * headSize..<($0 + 1) * headSize }
    }
    neurons = try layers.map { layers in
      try Self.chosen(student.intermediateSize, of: shape.intermediateSize) {
        try importance.map { importance in
          try Self.sum(layers.map { try importance.neurons(layer: $0, hidden: kept) })
        }
      }
    }
  }

  /// What is taken of a parameter.
  ///
  /// - Parameters:
  ///   - values: The model's, row-major.
  ///   - shape: Their shape, of one or two axes.
  ///   - parameter: Which; a layer's number is that of the student's set of parameters.
  /// - Returns: The chosen rows and columns.
  func cut(_ values: [Float], shape: [Int], _ parameter: Parameter) -> [Float] {
    let (rows, columns) = axes(of: parameter)
    if rows == nil && columns == nil { return values }
    let width = shape.count > 1 ? shape[1] : 1
    var taken: [Float] = []
    for row in rows ?? Array(0..<shape[0]) {
      if let columns {
        for column in columns { taken.append(values[row * width + column]) }
      } else {
        taken += values[row * width..<(row + 1) * width]
      }
    }
    return taken
  }

  /// The rows and columns that are taken; nil takes all.
  private func axes(of parameter: Parameter) -> (rows: [Int]?, columns: [Int]?) {
    // Factorised embeddings, and the head's side of the decoder with them, keep their width.
    let embedding = isFactorised ? nil : hidden
    switch parameter {
    case .wordEmbeddings, .positionEmbeddings, .tokenTypeEmbeddings: return (nil, embedding)
    case .embeddingNorm, .headNorm, .headTransform(.bias): return (embedding, nil)
    case .embeddingProjection: return (hidden, nil)
    case .headTransform(.weight): return (embedding, hidden)
    case .decoderBias: return (nil, nil)
    case .projection: preconditionFailure("no checkpoint has a projection to take")
    case .layer(let layer, let part, let term):
      let (rows, columns) = axes(of: part, layer: layer)
      return (rows, term == .weight ? columns : nil)
    }
  }

  private func axes(
    of part: Parameter.LayerPart, layer: Int
  ) -> (rows: [Int]?, columns: [Int]?) {
    switch part {
    case .query, .key, .value: (headRows[layer], hidden)
    case .attentionOutput: (hidden, headRows[layer])
    case .intermediate: (neurons[layer], hidden)
    case .output: (hidden, neurons[layer])
    case .attentionNorm, .outputNorm: (hidden, nil)
    }
  }

  /// The places of the largest scores, equal ones by the lower place; nil for all of them.
  private static func chosen(
    _ count: Int, of all: Int, scores: () throws -> [Double]?
  ) rethrows -> [Int]? {
    guard count < all else { return nil }
    guard let scores = try scores() else { return Array(0..<count) }
    return scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }.prefix(count).sorted()
  }

  private static func sum(_ lists: [[Double]]) -> [Double] {
    lists.dropFirst().reduce(lists.first ?? []) { zip($0, $1).map { $0 + $1 } }
  }
}
