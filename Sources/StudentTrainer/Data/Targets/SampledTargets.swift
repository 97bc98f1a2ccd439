/// Sampled IDs with unbiased estimates of their probabilities at T = 1, for n targets.
///
/// They serve T = 1 and the forward KL alone: at another temperature, or in another divergence, the
/// gradient is not linear in the estimates, and would be biased by an amount that cannot be known.
package struct SampledTargets: Sendable {
  /// Where each target's IDs start: `n + 1` offsets, from 0.
  package private(set) var starts: [Int] = [0]
  /// Sampled IDs, each below the vocabulary size, distinct within a target.
  package private(set) var ids: [Int32] = []
  /// Estimates p^: exact from the threshold on, the threshold below it; those of a target sum to 1.
  package private(set) var probabilities: [Float] = []

  /// No targets yet.
  package init() {}

  /// Number of targets.
  package var count: Int { starts.count - 1 }

  /// The largest number of IDs of one target.
  package var largestCount: Int {
    zip(starts, starts.dropFirst()).map { $1 - $0 }.max() ?? 0
  }

  /// Adds one target.
  package mutating func append(
    ids: some Collection<Int32>, probabilities: some Collection<Float>
  ) {
    precondition(ids.count == probabilities.count, "one estimate for each ID")
    self.ids.append(contentsOf: ids)
    self.probabilities.append(contentsOf: probabilities)
    starts.append(self.ids.count)
  }

  /// Passes the parts of one target, without copying.
  func withTarget<Result>(
    _ index: Int, _ body: (UnsafeBufferPointer<Int32>, UnsafeBufferPointer<Float>) -> Result
  ) -> Result {
    let range = starts[index]..<starts[index + 1]
    return ids.withUnsafeBufferPointer { ids in
      probabilities.withUnsafeBufferPointer { probabilities in
        body(
          UnsafeBufferPointer(rebasing: ids[range]),
          UnsafeBufferPointer(rebasing: probabilities[range]))
      }
    }
  }
}
