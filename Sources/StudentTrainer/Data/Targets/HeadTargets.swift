/// Kept IDs and probabilities of n targets, at one temperature.
package struct HeadTargets: Sendable {
  /// Where each target's IDs start: `n + 1` offsets, from 0.
  package var starts: [Int]
  /// Kept IDs, each below the vocabulary size, distinct within a target.
  package var ids: [Int32]
  /// Teacher probabilities, as long as `ids`.
  package var probabilities: [Float]
  /// Teacher mass outside the kept IDs, `[n]`.
  package var tailMasses: [Float]

  /// No targets yet.
  package init() {
    starts = [0]
    ids = []
    probabilities = []
    tailMasses = []
  }

  /// Adds one target.
  package mutating func append(
    ids: some Collection<Int32>, probabilities: some Collection<Float>, tailMass: Float
  ) {
    precondition(ids.count == probabilities.count, "one probability for each kept ID")
    self.ids.append(contentsOf: ids)
    self.probabilities.append(contentsOf: probabilities)
    starts.append(self.ids.count)
    tailMasses.append(tailMass)
  }

  /// The largest number of kept IDs of one target.
  package var largestHead: Int {
    zip(starts, starts.dropFirst()).map { $1 - $0 }.max() ?? 0
  }
}

extension HeadTargets {
  /// Passes the parts of one target, without copying.
  func withTarget<Result>(
    _ index: Int,
    _ body: (UnsafeBufferPointer<Int32>, UnsafeBufferPointer<Float>, Float) -> Result
  ) -> Result {
    let range = starts[index]..<starts[index + 1]
    return ids.withUnsafeBufferPointer { ids in
      probabilities.withUnsafeBufferPointer { probabilities in
        body(
          UnsafeBufferPointer(rebasing: ids[range]),
          UnsafeBufferPointer(rebasing: probabilities[range]), tailMasses[index])
      }
    }
  }
}
