import Foundation
import Kernels

/// The entropy of a teacher's distribution at T = 1, in nats, from what a cache keeps of it.
///
/// With h the kept logits less the row's largest, `a(beta) = log sum over the others of exp(beta (z -
/// max))` and `A = log(sum of exp(h_i) + exp(a(1)))`:
///
///     H = A - sum of p_i h_i - m a'(1),   p_i = exp(h_i - A),   m = exp(a(1) - A)
///
/// which is exact, since `a'(1)` is the mean of the others' logits under the teacher. The tail
/// `scalars` keeps it. The tail `lowrank` keeps a(1), a(1/2) and perhaps a(3/4), and a(0) is known:
/// `a'(1)` is then the slope at 1 of the polynomial through these points, a little too flat on real
/// rows, which moves all entropies alike and hardly their order. The tail `hidden` gives whole rows, at the
/// cost of the teacher's output product for every position that is offered.
package enum TeacherEntropy {
  /// The entropy of head and tail.
  ///
  /// - Parameters:
  ///   - head: Kept logits less the row's largest, in any order.
  ///   - logPartition: a(1), in nats.
  ///   - slope: a'(1).
  ///   - tailCount: IDs that are not kept, `>= 1`.
  /// - Returns: The entropy in nats, `>= 0`.
  package static func entropy(
    head: some Sequence<Float>, logPartition: Double, slope: Double, tailCount: Int
  ) -> Double {
    // The tail's own entropy a(1) - a'(1) is between none and that of an even spread.
    let slope = min(max(slope, logPartition - log(Double(tailCount))), logPartition)
    var most = logPartition
    for logit in head { most = max(most, Double(logit)) }
    var sum = exp(logPartition - most)
    var mean = sum * slope
    for logit in head {
      let weight = exp(Double(logit) - most)
      sum += weight
      mean += weight * Double(logit)
    }
    return max(0, most + log(sum) - mean / sum)
  }

  /// a'(1) from values of a: the slope at 1 of the polynomial through them and a(0).
  ///
  /// - Parameters:
  ///   - one: a(1).
  ///   - half: a(1/2).
  ///   - threeQuarters: a(3/4), where it is known.
  ///   - tailCount: IDs of the tail, so that a(0) is its logarithm.
  /// - Returns: The slope.
  package static func slope(
    one: Double, half: Double, threeQuarters: Double?, tailCount: Int
  ) -> Double {
    let zero = log(Double(tailCount))
    // Derivatives of Lagrange's basis polynomials at 1, of the points 0, 1/2, 1 and of 0, 1/2, 3/4, 1.
    guard let threeQuarters else { return zero - 4 * half + 3 * one }
    return -zero / 3 + 4 * half - 32 / 3 * threeQuarters + 7 * one
  }

  /// The entropy of a whole row of logits.
  ///
  /// - Parameter logits: Unnormalised, `[vocab]`.
  /// - Returns: The entropy in nats; 0 where a logit is not finite.
  package static func entropy(_ logits: UnsafeBufferPointer<Float>) -> Double {
    guard logits.count > 1 else { return 0 }
    return withUnsafeTemporaryAllocation(of: Int32.self, capacity: 1) { ids in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: 1) { values in
        guard let tail = SoftTargetSelection.select(logits, ids: ids, values: values) else {
          return 0
        }
        return entropy(
          head: CollectionOfOne<Float>(0), logPartition: tail.logPartition, slope: tail.slope,
          tailCount: logits.count - 1)
      }
    }
  }
}
