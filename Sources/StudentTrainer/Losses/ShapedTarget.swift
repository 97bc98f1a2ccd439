/// A teacher row from a head and low-rank logits that shape its tail, plainly from its definition.
///
///     p_i ~ exp(beta h_i) in S,   p_j ~ exp(beta y_j + delta(beta)) outside,   beta = 1 / T
///     delta(beta) = a(beta) - log Σ_outside exp(beta y_j) at beta = 0, 1/2, 1 and, where a(3/4) is
///     known, 3/4; a polynomial between
///
/// The reference that the fast path is tested against; training calls `ShapedTargetKernels`.
package struct ShapedTarget<Real: RealArithmetic> {
  /// Kept IDs S, distinct.
  package var ids: [Int32]
  /// h: their logits minus the row's largest.
  package var headLogits: [Real]
  /// y: logits of every ID, with any offset.
  package var shape: [Real]
  /// a(1) of the tail.
  package var logPartition: Real
  /// a(1/2) of the tail.
  package var halfLogPartition: Real
  /// a(3/4); nil where it is not known.
  package var threeQuarterLogPartition: Real?

  /// A target from its parts.
  package init(
    ids: [Int32], headLogits: [Real], shape: [Real], logPartition: Real, halfLogPartition: Real,
    threeQuarterLogPartition: Real? = nil
  ) {
    precondition(ids.count == headLogits.count, "one logit for each kept ID")
    self.ids = ids
    self.headLogits = headLogits
    self.shape = shape
    self.logPartition = logPartition
    self.halfLogPartition = halfLogPartition
    self.threeQuarterLogPartition = threeQuarterLogPartition
  }

  /// The target that keeps `ids` of a whole teacher row, with a given shape of the tail.
  package init(teacherLogits: [Real], ids: [Int32], shape: [Real]) {
    let most = teacherLogits.max() ?? 0
    let kept = Set(ids)
    let tail = teacherLogits.indices.filter { !kept.contains(Int32($0)) }
      .map { teacherLogits[$0] - most }
    self.init(
      ids: ids, headLogits: ids.map { teacherLogits[Int($0)] - most }, shape: shape,
      logPartition: logSumExp(tail), halfLogPartition: logSumExp(tail.map { $0 / 2 }),
      threeQuarterLogPartition: logSumExp(tail.map { $0 * 3 / 4 }))
  }

  /// delta at a temperature.
  ///
  /// - Parameter temperature: T, `>= 1`.
  /// - Returns: What is added to `y / T` in the tail, in nats.
  package func delta(temperature: Real) -> Real {
    precondition(temperature >= 1, "temperature \(temperature) is below 1")
    let kept = Set(ids)
    let tail = shape.indices.filter { !kept.contains(Int32($0)) }.map { shape[$0] }
    guard !tail.isEmpty else { return 0 }
    let beta = 1 / temperature
    let one = logPartition - logSumExp(tail)
    let half = halfLogPartition - logSumExp(tail.map { $0 / 2 })
    guard let inner = threeQuarterLogPartition.map({ $0 - logSumExp(tail.map { $0 * 3 / 4 }) })
    else { return 4 * beta * (1 - beta) * half + beta * (2 * beta - 1) * one }
    // Lagrange's polynomial, node by node.
    let nodes: [(at: Real, value: Real)] = [(0, 0), (0.5, half), (0.75, inner), (1, one)]
    return nodes.reduce(0) { sum, node in
      sum
        + nodes.filter { $0.at != node.at }.reduce(node.value) {
          $0 * (beta - $1.at) / (node.at - $1.at)
        }
    }
  }

  /// Logits whose softmax at T is the target.
  ///
  /// - Parameter temperature: T, `>= 1`.
  /// - Returns: The row, `[vocab]`.
  package func logits(temperature: Real) -> [Real] {
    let shift = temperature * delta(temperature: temperature)
    var row = shape
    for (id, logit) in zip(ids, headLogits) { row[Int(id)] = logit - shift }
    return row
  }
}
