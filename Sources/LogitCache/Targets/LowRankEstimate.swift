import Foundation

/// Coefficients that a cache does not keep, estimated from the head that it does keep.
///
/// The head's logits are known almost exactly, so what the kept coefficients miss there says
/// something about the coefficients that were dropped: their mean given the head, where they are
/// normal with the sample's variances and what no component explains is noise. Costs a linear system
/// of the head's size for each row, and no byte.
package struct LowRankEstimate: Sendable {
  /// The reader's matrix.
  package let decoder: LowRankDecoder
  /// Coefficients that are known.
  package let rank: Int
  /// Variance of the quantised logits of the head.
  private let headNoise: Double

  /// Variance of the row's largest logit, which a cache does not keep: large beside any other.
  private static let offsetVariance = 1e4

  /// An estimate for caches of this step of the head.
  ///
  /// - Precondition: the rank is at most the decoder's components.
  package init(decoder: LowRankDecoder, rank: Int, headStep: Double) {
    precondition((0...decoder.components).contains(rank), "rank \(rank) of \(decoder.components)")
    self.decoder = decoder
    self.rank = rank
    headNoise = headStep * headStep / 12 + 1e-4
  }

  /// Number of coefficients, those estimated included.
  package var components: Int { decoder.components }

  /// Writes the coefficients of a row.
  ///
  /// - Parameters:
  ///   - known: The kept coefficients, `[rank]`.
  ///   - ids: The head's token IDs.
  ///   - logits: Their logits less the row's largest.
  ///   - output: Receives `[components]`.
  /// - Precondition: the shapes agree, IDs are below the vocabulary size.
  package func extend(
    _ known: UnsafeBufferPointer<Float>, ids: UnsafeBufferPointer<Int32>,
    logits: UnsafeBufferPointer<Float>, into output: UnsafeMutableBufferPointer<Float>
  ) {
    precondition(known.count == rank && output.count == components, "\(known.count) coefficients")
    precondition(ids.count == logits.count, "\(ids.count) IDs, \(logits.count) logits")
    for column in 0..<rank { output[column] = known[column] }
    for column in rank..<components { output[column] = 0 }
    let k = ids.count
    guard k > 1, components > rank else { return }
    withUnsafeTemporaryAllocation(of: Double.self, capacity: k * (k + 1)) { scratch in
      let matrix = UnsafeMutableBufferPointer(rebasing: scratch[..<(k * k)])
      let residuals = UnsafeMutableBufferPointer(rebasing: scratch[(k * k)...])
      fill(matrix, residuals, known, ids, logits)
      guard solve(matrix, residuals) else { return }
      decoder.weight.withUnsafeBufferPointer { weight in
        for (index, id) in ids.enumerated() {
          let row = Int(id) * components
          for column in rank..<components {
            output[column] += Float(residuals[index]) * weight[row + column]
          }
        }
      }
      for column in rank..<components { output[column] *= decoder.variances[column] }
      // Of tables that no teacher has, the numbers may be too large to say anything.
      guard output[rank..<components].allSatisfy(\.isFinite) else {
        for column in rank..<components { output[column] = 0 }
        return
      }
    }
  }

  /// The covariance of the head's residuals, and the residuals less their mean.
  func fill(
    _ matrix: UnsafeMutableBufferPointer<Double>, _ residuals: UnsafeMutableBufferPointer<Double>,
    _ known: UnsafeBufferPointer<Float>, _ ids: UnsafeBufferPointer<Int32>,
    _ logits: UnsafeBufferPointer<Float>
  ) {
    let k = ids.count
    decoder.weight.withUnsafeBufferPointer { weight in
      decoder.variances.withUnsafeBufferPointer { variances in
        for i in 0..<k {
          let row = Int(ids[i]) * components
          var logit = decoder.bias[Int(ids[i])]
          for column in 0..<rank { logit += weight[row + column] * known[column] }
          residuals[i] = Double(logits[i] - logit)
          for j in 0...i {
            let other = Int(ids[j]) * components
            var sum: Float = 0
            for column in rank..<components {
              sum += weight[row + column] * weight[other + column] * variances[column]
            }
            matrix[i * k + j] = Double(sum) + Self.offsetVariance
          }
          matrix[i * k + i] += Double(decoder.noise[Int(ids[i])]) + headNoise
        }
      }
    }
    let mean = residuals.reduce(0, +) / Double(k)
    for i in 0..<k { residuals[i] -= mean }
  }

  /// Solves a positive definite system by Cholesky's factors, of which the lower half is read.
  private func solve(
    _ a: UnsafeMutableBufferPointer<Double>, _ x: UnsafeMutableBufferPointer<Double>
  ) -> Bool {
    let k = x.count
    for i in 0..<k {
      for j in 0...i {
        var sum = a[i * k + j]
        for m in 0..<j { sum -= a[i * k + m] * a[j * k + m] }
        if i == j {
          guard sum > 0 else { return false }
          a[i * k + i] = sum.squareRoot()
        } else {
          a[i * k + j] = sum / a[j * k + j]
        }
      }
      for m in 0..<i { x[i] -= a[i * k + m] * x[m] }
      x[i] /= a[i * k + i]
    }
    for i in stride(from: k - 1, through: 0, by: -1) {
      for m in (i + 1)..<max(k, i + 1) { x[i] -= a[m * k + i] * x[m] }
      x[i] /= a[i * k + i]
    }
    return true
  }
}
