import Foundation
import Kernels

/// The directions of the decoder's input that matter most for the logits, from a sample of rows.
///
/// The principal components of the inputs under the metric sum_j w_j (W_j - mean)(W_j - mean)', W the
/// teacher's output matrix and w_j how often token j is among a row's first 64, smoothed; a row counts
/// by the length of its tail's probabilities, since so long is the gradient that they make. An error in
/// any coefficient then costs the logits the same, so all have one quantisation step.
/// Source: DESIGN.md, section 4.
package struct LowRankBasis: Sendable, Equatable {
  /// H.
  package let hiddenSize: Int
  /// Coefficients that are kept.
  package let rank: Int
  /// The mean of the inputs, `[H]`.
  package let mean: [Float]
  /// Rows that give the coefficients of an input less the mean, `[rank, H]`.
  package let encoder: [Float]
  /// Step of each kept coefficient.
  package let steps: [Float]

  /// A basis as it was kept; nil where the shapes do not agree or a step is not a positive number.
  package init?(hiddenSize: Int, mean: [Float], encoder: [Float], steps: [Float]) {
    guard mean.count == hiddenSize, encoder.count == steps.count * hiddenSize, !steps.isEmpty,
      steps.allSatisfy({ $0 > 0 && $0.isFinite })
    else { return nil }
    self.hiddenSize = hiddenSize
    rank = steps.count
    self.mean = mean
    self.encoder = encoder
    self.steps = steps
  }

  /// The basis of the first components alone.
  ///
  /// - Precondition: `count` is 1 to the rank.
  func prefix(_ count: Int) -> LowRankBasis {
    precondition((1...rank).contains(count), "\(count) of \(rank) components")
    guard
      let cut = LowRankBasis(
        hiddenSize: hiddenSize, mean: mean, encoder: Array(encoder[..<(count * hiddenSize)]),
        steps: Array(steps[..<count]))
    else { preconditionFailure("a part of a sound basis") }
    return cut
  }

  /// Largest magnitude of a quantised coefficient.
  static let largest: Float = 4_000_000

  /// The coefficients of a decoder's input, `[H]`.
  func project(_ input: UnsafeBufferPointer<Float>) -> [Float] {
    precondition(input.count == hiddenSize, "an input of \(input.count)")
    return [Float](unsafeUninitializedCapacity: rank) { coefficients, count in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: hiddenSize) { centred in
        for column in 0..<hiddenSize { centred[column] = input[column] - mean[column] }
        encoder.withUnsafeBufferPointer {
          MatrixProduct.multiply(
            $0, vector: UnsafeBufferPointer(centred),
            into: UnsafeMutableBufferPointer(rebasing: coefficients[..<rank]))
        }
      }
      count = rank
    }
  }

  /// The coefficients as multiples of their steps; nil where one is not finite or too large.
  func quantize(_ coefficients: [Float]) -> [Int32]? {
    precondition(coefficients.count == rank, "\(coefficients.count) coefficients")
    var output = [Int32](repeating: 0, count: rank)
    for column in 0..<rank {
      let value = (coefficients[column] / steps[column]).rounded()
      guard abs(value) <= Self.largest else { return nil }
      output[column] = Int32(value)
    }
    return output
  }
}

/// What a reader makes logits of coefficients with.
package struct LowRankDecoder: Sendable, Equatable {
  /// Logits of each token by component, `[V, components]`: those kept, then those estimated.
  package var weight: [Float]
  /// Logits of the mean input, `[V]`.
  package var bias: [Float]
  /// Variance in the sample of each component.
  package var variances: [Float]
  /// Variance of each token's logit that no component explains, quantisation included, `[V]`.
  package var noise: [Float]

  /// Components of a row of `weight`.
  package var components: Int { bias.isEmpty ? 0 : weight.count / bias.count }

  /// A decoder of those parts.
  package init(weight: [Float], bias: [Float], variances: [Float], noise: [Float]) {
    self.weight = weight
    self.bias = bias
    self.variances = variances
    self.noise = noise
  }
}

/// Finds the basis of a sample.
enum LowRankFit {
  /// A basis and its decoder.
  ///
  /// - Parameters:
  ///   - inputs: The decoder's inputs of some rows, `[rows, H]`.
  ///   - weights: What each row counts, above 0, in any scale.
  ///   - table: The teacher's output matrix.
  ///   - counts: How often each token was among a row's first 64, `[V]`.
  ///   - target: Rank, estimated rank and step.
  /// - Returns: What the writer and what a reader needs.
  /// - Throws: `LogitCacheError.badTarget` where the numbers have no eigenvectors.
  static func fit(
    inputs: [Float], weights: [Double], table: DecoderTable, counts: [UInt32],
    target: TargetSpecification
  ) throws -> (LowRankBasis, LowRankDecoder) {
    let vocab = counts.count
    let width = table.weight.count / vocab
    let rows = inputs.count / width
    let rank = target.rank ?? 0
    let components = target.basisRank(inputSize: width)

    let total = weights.reduce(0, +)
    let (mean, covariance) = scatter(inputs, weights: weights.map { $0 / total }, width: width)
    let smoothed = counts.map { Double($0) + 1 }
    let tokens = smoothed.reduce(0, +)
    let (_, metric) = scatter(table.weight, weights: smoothed.map { $0 / tokens }, width: width)
    guard rows > 0, let root = squareRoot(metric, size: width) else { throw failed }
    let inner = SymmetricMatrix.product(
      SymmetricMatrix.product(root.half, covariance, size: width), root.half, size: width)
    guard let (values, vectors) = SymmetricMatrix.eigenvectors(inner, size: width) else {
      throw failed
    }
    // Rows in descending order of variance.
    let order = Array((0..<width).reversed())
    let directions = order.flatMap { vectors[$0 * width..<($0 + 1) * width] }
    let variances = order.map { max(values[$0], 0) }
    let encoder = SymmetricMatrix.product(directions, root.half, size: width)
    let decoder = SymmetricMatrix.product(directions, root.inverse, size: width)

    let scale = (target.coefficientStep ?? 0) * max(variances[rank - 1], 1e-12).squareRoot()
    guard
      let basis = LowRankBasis(
        hiddenSize: width, mean: mean.map(Float.init),
        encoder: encoder[..<(rank * width)].map(Float.init),
        steps: [Float](repeating: Float(scale), count: rank))
    else { throw failed }
    let weight = project(table.weight, decoder.map(Float.init), vocab: vocab, width: width)
    return (
      basis,
      self.decoder(
        weight, table: table, mean: basis.mean, variances: variances, step: scale, rank: rank,
        components: components)
    )
  }

  private static var failed: LogitCacheError {
    .badTarget(what: "the sample", reason: "its hidden states have no principal components")
  }

  /// The logits of every component, cut to those that are used, with the rest's variance as noise.
  private static func decoder(
    _ weight: [Float], table: DecoderTable, mean: [Float], variances: [Double], step: Double,
    rank: Int, components: Int
  ) -> LowRankDecoder {
    let vocab = table.bias.count
    let width = variances.count
    var result = LowRankDecoder(
      weight: [], bias: table.bias, variances: variances[..<components].map(Float.init),
      noise: [Float](repeating: 0, count: vocab))
    result.weight.reserveCapacity(vocab * components)
    let quantisation = Float(step * step / 12)
    for token in 0..<vocab {
      let row = weight[token * width..<(token + 1) * width]
      let own = table.weight[token * width..<(token + 1) * width]
      result.weight += row.prefix(components)
      result.bias[token] += zip(own, mean).reduce(0) { $0 + $1.0 * $1.1 }
      var noise: Float = 0
      for value in row.prefix(rank) { noise += quantisation * value * value }
      for (value, variance) in zip(row.dropFirst(components), variances[components...]) {
        noise += Float(variance) * value * value
      }
      result.noise[token] = noise
    }
    return result
  }

  /// The weighted mean of some rows, and the mean product of their differences from it,
  /// `[width, width]`; the weights sum to 1.
  private static func scatter(
    _ rows: [Float], weights: [Double], width: Int
  ) -> (mean: [Double], scatter: [Double]) {
    let count = rows.count / max(width, 1)
    var mean = [Double](repeating: 0, count: width)
    for row in 0..<count {
      let weight = weights[row]
      for column in 0..<width { mean[column] += weight * Double(rows[row * width + column]) }
    }
    let centred = FloatBuffer(count: rows.count)
    for row in 0..<count {
      let factor = weights[row].squareRoot()
      for column in 0..<width {
        centred.elements[row * width + column] = Float(
          factor * (Double(rows[row * width + column]) - mean[column]))
      }
    }
    let product = FloatBuffer(count: width * width)
    let matrix = Matrix(centred, rows: count, columns: width)
    MatrixProduct.multiply(
      matrix, matrix, transposeA: true, into: Matrix(product, rows: width, columns: width))
    return (mean, product.elements.map(Double.init))
  }

  /// The square root of a symmetric matrix and its inverse; small eigenvalues are lifted to 1e-9 of
  /// the largest.
  private static func squareRoot(
    _ matrix: [Double], size: Int
  ) -> (half: [Double], inverse: [Double])? {
    guard let (values, vectors) = SymmetricMatrix.eigenvectors(matrix, size: size),
      let largest = values.last, largest > 0
    else { return nil }
    func power(_ exponent: Double) -> [Double] {
      var scaled = vectors
      for row in 0..<size {
        let factor = pow(max(values[row], largest * 1e-9), exponent)
        for column in 0..<size { scaled[row * size + column] *= factor }
      }
      return SymmetricMatrix.product(vectors, scaled, size: size, transposeA: true)
    }
    return (power(0.5), power(-0.5))
  }

  /// weight · directionsᵀ, `[V, width]`.
  private static func project(
    _ weight: [Float], _ directions: [Float], vocab: Int, width: Int
  ) -> [Float] {
    let left = FloatBuffer(count: weight.count)
    let right = FloatBuffer(count: directions.count)
    let result = FloatBuffer(count: vocab * width)
    _ = left.elements.update(from: weight)
    _ = right.elements.update(from: directions)
    MatrixProduct.multiply(
      Matrix(left, rows: vocab, columns: width), Matrix(right, rows: width, columns: width),
      transposeB: true, into: Matrix(result, rows: vocab, columns: width))
    return Array(result.elements)
  }
}
