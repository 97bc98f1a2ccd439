import Foundation
import Kernels

/// Makes the coefficients that a row keeps.
///
/// They are the projection of the decoder's input, moved so that the likeliest tokens past the head come
/// out right: of all rows the basis is the best for the logits on average, but a gradient depends on few
/// tokens of its own row, and coefficients have a say in these. With r the error that a reader would make
/// in their logits, A how the logits that it makes depend on the coefficients, its estimate of the
/// components past the rank included, the change d minimises
///
///     sum over the tokens of w_j (r_j - (A d)_j - offset)² + |d|²,   w_j = 500 p_j² + 5000 p_j(T = 2)²
///
/// The offset is free, since the tail's mass is kept apart. |d|² is the error at all other tokens, under
/// the metric of the basis.
package struct CoefficientWriter: Sendable {
  private let basis: LowRankBasis
  private let estimate: LowRankEstimate?
  private let target: TargetSpecification

  /// Weights of a token's squared probability at T = 1 and 2: angles at both, on WikiText-2 (valid), are
  /// within 3 % from a third to thrice these.
  private static let (weight, halfWeight) = (500.0, 5000.0)

  /// A writer for a target.
  ///
  /// - Precondition: The decoder is there where the target has fitted tokens.
  package init(basis: LowRankBasis, decoder: LowRankDecoder?, target: TargetSpecification) {
    self.basis = basis
    self.target = target
    guard target.fittedTokens != nil else {
      estimate = nil
      return
    }
    guard let decoder else { preconditionFailure("tables without their matrix") }
    estimate = LowRankEstimate(decoder: decoder, rank: basis.rank, headStep: target.step)
  }

  /// The coefficients of a row as multiples of their steps, `[rank]`.
  ///
  /// - Parameters:
  ///   - input: The decoder's input, `[H]`.
  ///   - logits: The row, `[vocab]`.
  /// - Returns: nil where one is not finite or too large.
  /// - Throws: `LogitCacheError.badTarget` where a logit is not finite.
  package func coefficients(
    _ input: UnsafeBufferPointer<Float>, logits: UnsafeBufferPointer<Float>
  ) throws -> [Int32]? {
    coefficients(input, row: try RowTarget(logits, target: target, what: "a row"))
  }

  /// The coefficients of a row of which head and next tokens are known, as multiples of their steps.
  ///
  /// - Parameters:
  ///   - input: The decoder's input, `[H]`.
  ///   - row: The row's head and what comes after it.
  /// - Returns: `[rank]`, or nil where one is not finite or too large.
  func coefficients(_ input: UnsafeBufferPointer<Float>, row: RowTarget) -> [Int32]? {
    let projected = basis.project(input)
    guard let plain = basis.quantize(projected) else { return nil }
    guard let estimate, row.next.ids.count > 1,
      let change = change(of: projected, row, estimate)
    else { return plain }
    let moved = zip(projected, change).map { $0 + $1 }
    return basis.quantize(moved) ?? plain
  }

  /// d, or nil where the numbers give none.
  private func change(
    of coefficients: [Float], _ row: RowTarget, _ estimate: LowRankEstimate
  ) -> [Float]? {
    let tokens = row.next.ids.count
    var (matrix, errors) = response(of: coefficients, row, estimate)
    let weights = row.next.logits.map { logit in
      Self.weight * exp(2 * (Double(logit) - row.next.logSum))
        + Self.halfWeight * exp(2 * (Double(logit) / 2 - row.next.halfLogSum))
    }
    let total = weights.reduce(0, +)
    guard total > 0, total.isFinite else { return nil }
    // Less the weighted means, so that the offset is the best one; then in units of the weights.
    var means = [Float](repeating: 0, count: basis.rank)
    var meanError = 0.0
    for (token, weight) in weights.enumerated() {
      let share = weight / total
      meanError += share * Double(errors[token])
      for column in means.indices {
        means[column] += Float(share) * matrix[token * basis.rank + column]
      }
    }
    for (token, weight) in weights.enumerated() {
      let root = Float(weight.squareRoot())
      errors[token] = root * (errors[token] - Float(meanError))
      for (column, mean) in means.enumerated() {
        matrix[token * basis.rank + column] = root * (matrix[token * basis.rank + column] - mean)
      }
    }
    // d = Aᵀ (A Aᵀ + 1)⁻¹ r: a system of the tokens instead of one of the coefficients.
    var products = MatrixProduct.small(matrix, matrix, inner: basis.rank, transposeB: true)
      .map(Double.init)
    for token in 0..<tokens { products[token * tokens + token] += 1 }
    var solution = errors.map(Double.init)
    guard products.allSatisfy(\.isFinite), solution.allSatisfy(\.isFinite),
      SymmetricMatrix.solve(&products, &solution, size: tokens)
    else { return nil }
    return MatrixProduct.small(solution.map(Float.init), matrix, inner: tokens)
  }

  /// How the logits that a reader makes of the tokens past the head depend on the coefficients,
  /// `[tokens, rank]`, and how far they are from the teacher's.
  private func response(
    of coefficients: [Float], _ row: RowTarget, _ estimate: LowRankEstimate
  ) -> (matrix: [Float], errors: [Float]) {
    let (rank, k) = (basis.rank, row.ids.count)
    let next = Rows(row.next.ids, estimate)
    var matrix = next.known
    var errors = zip(row.next.logits, next.logits(coefficients)).map { $0 - $1 }
    guard k > 1, estimate.components > rank else { return (matrix, errors) }
    let head = Rows(row.ids, estimate)
    // The estimate of a token's logit is `reply` times the head's residuals less their mean.
    var covariance = [Double](repeating: 0, count: k * k)
    var residuals = [Double](repeating: 0, count: k)
    covariance.withUnsafeMutableBufferPointer { covariance in
      residuals.withUnsafeMutableBufferPointer { residuals in
        row.ids.withUnsafeBufferPointer { ids in
          coefficients.withUnsafeBufferPointer { known in
            row.headLogits(step: target.step).withUnsafeBufferPointer {
              estimate.fill(covariance, residuals, known, ids, $0)
            }
          }
        }
      }
    }
    let variances = estimate.decoder.variances[rank...]
    let scaled = next.rest.enumerated().map { index, value in
      value * variances[rank + index % variances.count]
    }
    var reply = MatrixProduct.small(scaled, head.rest, inner: variances.count, transposeB: true)
      .map(Double.init)
    guard SymmetricMatrix.solve(&covariance, &reply, size: k) else { return (matrix, errors) }
    for token in errors.indices {
      let own = reply[token * k..<(token + 1) * k]
      errors[token] -= Float(zip(own, residuals).reduce(0) { $0 + $1.0 * $1.1 })
      let mean = own.reduce(0, +) / Double(k)
      for place in own.indices { reply[place] -= mean }
    }
    let indirect = MatrixProduct.small(reply.map(Float.init), head.known, inner: k)
    for index in matrix.indices { matrix[index] -= indirect[index] }
    return (matrix, errors)
  }

  /// The rows of some tokens in the reader's matrix: of the coefficients that are kept, and of the rest.
  private struct Rows {
    var known: [Float] = []
    var rest: [Float] = []
    var bias: [Float] = []

    init(_ ids: [Int32], _ estimate: LowRankEstimate) {
      let (components, rank) = (estimate.components, estimate.rank)
      known.reserveCapacity(ids.count * rank)
      rest.reserveCapacity(ids.count * (components - rank))
      for id in ids {
        let start = Int(id) * components
        known += estimate.decoder.weight[start..<start + rank]
        rest += estimate.decoder.weight[start + rank..<start + components]
        bias.append(estimate.decoder.bias[Int(id)])
      }
    }

    /// Logits from the kept coefficients alone.
    func logits(_ coefficients: [Float]) -> [Float] {
      zip(MatrixProduct.small(known, coefficients, inner: coefficients.count), bias).map { $0 + $1 }
    }
  }
}
