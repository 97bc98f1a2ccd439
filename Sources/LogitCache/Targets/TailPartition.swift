import Foundation
package import Kernels

/// The log-partition of a row's tail at any inverse temperature.
///
///     a(beta) = log sum over the tail of exp(beta (z - m)),   m = the row's largest logit
///
/// It is convex and smooth, and a(0) is the logarithm of the tail's size, so its values and slopes at
/// 0, 1/2 and 1 give a piecewise cubic Hermite polynomial. Source: DESIGN.md, section 4.
package struct TailPartition: Sendable {
  /// The five scalars, of the tail beyond the head that is *stored*.
  package var scalars: SoftTargetSelection.TailScalars

  /// Number of tokens in that tail, `>= 1`.
  package var count: Int

  /// Logits minus m of stored head entries that the reader dropped: they belong to the tail too.
  package var dropped: ArraySlice<Float>

  /// A tail of those values.
  package init(
    scalars: SoftTargetSelection.TailScalars, count: Int, dropped: ArraySlice<Float> = []
  ) {
    self.scalars = scalars
    self.count = count
    self.dropped = dropped
  }

  /// a(beta) in nats.
  ///
  /// - Precondition: `0 < beta <= 1`.
  package func logPartition(beta: Double) -> Double {
    precondition(beta > 0 && beta <= 1, "beta is \(beta)")
    let stored =
      beta <= 0.5
      ? Self.hermite(
        2 * beta, log(Double(count)), scalars.mean, scalars.halfLogPartition, scalars.halfSlope)
      : Self.hermite(
        2 * beta - 1, scalars.halfLogPartition, scalars.halfSlope, scalars.logPartition,
        scalars.slope)
    return Self.adding(dropped, to: stored, beta: beta)
  }

  /// The log-partition of a tail that takes in some entries of the head.
  ///
  /// - Parameters:
  ///   - dropped: Their logits less the row's largest.
  ///   - partition: a(beta) of the tail without them.
  ///   - beta: 1 / T.
  /// - Returns: a(beta) of the larger tail, in nats.
  package static func adding(
    _ dropped: ArraySlice<Float>, to partition: Double, beta: Double
  ) -> Double {
    if dropped.isEmpty { return partition }
    let most = dropped.reduce(partition) { max($0, beta * Double($1)) }
    let sum = dropped.reduce(exp(partition - most)) { $0 + exp(beta * Double($1) - most) }
    return most + log(sum)
  }

  /// The cubic over an interval of length 1/2 with these values and slopes at its ends, at the
  /// fraction t of it.
  private static func hermite(
    _ t: Double, _ left: Double, _ leftSlope: Double, _ right: Double, _ rightSlope: Double
  ) -> Double {
    let rest = 1 - t
    return rest * rest * (1 + 2 * t) * left + t * t * (1 + 2 * rest) * right
      + 0.5 * t * rest * (rest * leftSlope - t * rightSlope)
  }
}
