import Kernels
import Transformer

/// How much hidden dimensions, heads and neurons of a model matter, from its weights alone.
///
/// - A *hidden dimension* d: a product reads the stream behind a norm, where coordinate d has the
///   mean square γ_d² + β_d² for an input of unit variance, through the column W[:, d]. So it
///   takes (γ_d² + β_d²) ‖W[:, d]‖² from d; each reader's takings are divided by their sum and
///   added up over the readers.
/// - A *head*: the squared norm of its value and output matrices' product, ‖W_o W_v‖_F².
/// - A *neuron*: the product of the squared norms of what it reads and what it writes.
struct WidthImportance {
  let source: SourceModel
  private var configuration: EncoderConfiguration { source.configuration }

  /// One score a hidden dimension.
  ///
  /// - Parameters:
  ///   - layers: The layers that are taken, in the student's order.
  ///   - wantsHead: Whether the head's products count as readers.
  /// - Returns: The scores.
  /// - Throws: What reading tensors throws.
  func hiddenDimensions(layers: [Int], wantsHead: Bool) throws -> [Double] {
    var scores = [Double](repeating: 0, count: configuration.hiddenSize)
    var stream = try embeddingStream()
    for layer in layers {
      try add(stream, readBy: [.query, .key, .value].map { .layer(layer, $0, .weight) }, &scores)
      try add(
        normStream { .layer(layer, .attentionNorm, $0) },
        readBy: [.layer(layer, .intermediate, .weight)], &scores)
      stream = try normStream { .layer(layer, .outputNorm, $0) }
    }
    guard wantsHead else { return scores }
    try add(stream, readBy: [.headTransform(.weight)], &scores)
    if !configuration.architecture.factorisesEmbeddings {
      // The decoder reads the same dimensions, since it is tied to the embeddings.
      try add(normStream { .headNorm($0) }, readBy: [.wordEmbeddings], &scores)
    }
    return scores
  }

  /// One score a head of a layer, over some hidden dimensions.
  func heads(layer: Int, hidden: [Int]) throws -> [Double] {
    let c = configuration.hiddenSize
    let count = configuration.numAttentionHeads
    let size = c / count
    let value = try source.floats(.layer(layer, .value, .weight))  // [C, C], a row an inner place
    let output = try source.floats(.layer(layer, .attentionOutput, .weight))
    return (0..<count).map { head in
      // ‖O V‖² = Σ over i, j of (OᵀO)_ij (V Vᵀ)_ij, two small matrices.
      var score = 0.0
      for i in head * size..<(head + 1) * size {
        for j in head * size..<(head + 1) * size {
          var (read, written) = (0.0, 0.0)
          for d in hidden {
            read += Double(value[i * c + d]) * Double(value[j * c + d])
            written += Double(output[d * c + i]) * Double(output[d * c + j])
          }
          score += read * written
        }
      }
      return score
    }
  }

  /// One score a neuron of a layer's feed-forward, over some hidden dimensions.
  func neurons(layer: Int, hidden: [Int]) throws -> [Double] {
    let (c, f) = (configuration.hiddenSize, configuration.intermediateSize)
    let input = try source.floats(.layer(layer, .intermediate, .weight))  // [F, C]
    let output = try source.floats(.layer(layer, .output, .weight))  // [C, F]
    var (read, written) = ([Double](repeating: 0, count: f), [Double](repeating: 0, count: f))
    for neuron in 0..<f {
      for d in hidden { read[neuron] += Self.squared(input[neuron * c + d]) }
    }
    for d in hidden {
      for neuron in 0..<f { written[neuron] += Self.squared(output[d * f + neuron]) }
    }
    return zip(read, written).map { $0 * $1 }
  }

  /// The mean square of each coordinate of the embeddings' output.
  private func embeddingStream() throws -> [Double] {
    let norm = try normStream { .embeddingNorm($0) }
    guard configuration.architecture.factorisesEmbeddings else { return norm }
    let weight = try source.floats(.embeddingProjection(.weight))  // [C, E]
    let bias = try source.floats(.embeddingProjection(.bias))
    let e = norm.count
    return bias.indices.map { d in
      (0..<e).reduce(Self.squared(bias[d])) { $0 + Self.squared(weight[d * e + $1]) * norm[$1] }
    }
  }

  /// γ² + β² of a norm.
  private func normStream(_ parameter: (Parameter.Term) -> Parameter) throws -> [Double] {
    zip(try source.floats(parameter(.weight)), try source.floats(parameter(.bias))).map {
      Self.squared($0) + Self.squared($1)
    }
  }

  private func add(
    _ stream: [Double], readBy readers: [Parameter], _ scores: inout [Double]
  ) throws {
    for reader in readers {
      let weight = try source.floats(reader)
      var taken = [Double](repeating: 0, count: stream.count)
      for row in 0..<weight.count / stream.count {
        for d in stream.indices { taken[d] += Self.squared(weight[row * stream.count + d]) }
      }
      for d in stream.indices { taken[d] *= stream[d] }
      let total = taken.reduce(0, +)
      guard total > 0, total.isFinite else { continue }
      for d in stream.indices { scores[d] += taken[d] / total }
    }
  }

  private static func squared(_ value: Float) -> Double { Double(value) * Double(value) }
}
