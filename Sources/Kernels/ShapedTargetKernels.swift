import CKernels

/// Makes a teacher's row of logits from its head and the shape of its tail.
package enum ShapedTargetKernels {
  /// What a row's tail came to.
  package struct Tail: Sendable, Equatable {
    /// Added to the shape's logits divided by T, so that the tail has the mass it had; nats.
    package var delta: Double
    /// a(1 / T): log of the sum over the tail of `exp((z - max) / T)`; -infinity without a tail.
    package var logPartition: Double
  }

  /// Replaces the shape's logits by the target's, so that `softmax(row / T)` is the target at T.
  ///
  ///     row[ids[i]] = headLogits[i] - T delta,   row[j] = shape[j] elsewhere
  ///
  /// delta(beta) is the polynomial through 0 at beta = 0 and the values that a(1/2), a(1) and, where it
  /// is known, a(3/4) ask for, so the tail's mass is exact at T = 1 and T = 2.
  ///
  /// - Parameters:
  ///   - row: Logits that give the tail's shape, `[vocab]`, with any offset; replaced.
  ///   - ids: Kept IDs, distinct, each in `0 ..< vocab`.
  ///   - headLogits: Their logits minus the row's largest, `<= 0`, not divided by T.
  ///   - logPartition: a(1) of the true tail, relative to the row's largest logit.
  ///   - halfLogPartition: a(1/2).
  ///   - threeQuarterLogPartition: a(3/4); nil where it is not known.
  ///   - temperature: T, `>= 1`.
  ///   - wantsPartition: Fills `Tail.logPartition` at every T; it is there at 1 and 2 anyway.
  /// - Returns: The tail at T.
  /// - Precondition: `ids.count == headLogits.count`, T is at least 1, no ID is outside the row.
  /// - Complexity: Two passes over the row, at other T than 1 and 2 one more each for `wantsPartition`
  ///   and a(3/4); allocates nothing.
  @discardableResult
  package static func shape(
    _ row: UnsafeMutableBufferPointer<Float>, ids: UnsafeBufferPointer<Int32>,
    headLogits: UnsafeBufferPointer<Float>, logPartition: Double, halfLogPartition: Double,
    threeQuarterLogPartition: Double? = nil, temperature: Double, wantsPartition: Bool = false
  ) -> Tail {
    precondition(temperature >= 1, "temperature \(temperature) is below 1")
    precondition(ids.count == headLogits.count, "\(ids.count) IDs, \(headLogits.count) logits")
    for id in ids { precondition(id >= 0 && Int(id) < row.count, "kept ID \(id) of \(row.count)") }
    guard let base = row.baseAddress else { return Tail(delta: 0, logPartition: -.infinity) }
    let shape = decant_shape_row(
      base, Int64(row.count), ids.baseAddress, headLogits.baseAddress, Int64(ids.count),
      logPartition, halfLogPartition, threeQuarterLogPartition ?? .nan, temperature,
      wantsPartition ? 1 : 0)
    return Tail(delta: shape.delta, logPartition: shape.log_tail)
  }
}
