/// Divergence with the tail's mass spread evenly over the IDs that are not kept.
///
///     loss = T² (Σ_S p log(p / q) + Σ_tail u log(u / q)),  u = m_p / (V - k)
///     d loss / d x_j = T (q_j - p_j) in S,  T (q_j - u) outside
package enum UniformLoss {
  /// The loss of one row and its gradient.
  ///
  /// - Parameters:
  ///   - student: Logits, `[vocab]`.
  ///   - target: Kept IDs, probabilities and tail mass at `temperature`.
  ///   - temperature: T, `> 0`.
  ///   - divergence: What is computed instead of the forward KL.
  /// - Returns: Loss in nats, gradient with respect to the student's logits, `[vocab]`.
  package static func evaluate<Real: RealArithmetic>(
    student: [Real], target: HeadTarget<Real>, temperature: Real,
    divergence: Divergence = .forward
  ) -> LossAndGradient<Real> {
    let split = StudentSplit(student, ids: target.ids, temperature: temperature)
    let others = student.count - target.ids.count
    let u = others > 0 ? target.tailMass / Real(others) : 0
    if divergence != .forward {
      let floor = EventDivergence<Real>.smallestProbability
      let spread = Real.log(max(target.tailMass, floor)) - Real.log(Real(max(others, 1)))
      var logP = [Real](repeating: spread, count: student.count)
      for (id, p) in zip(target.ids, target.probabilities) {
        logP[Int(id)] = Real.log(max(p, floor))
      }
      return EventDivergence.rows(
        divergence, logP: logP, logQ: split.logQ, temperature: temperature)
    }
    var loss = headDivergence(target.probabilities, ids: target.ids, logQ: split.logQ)
    if u > 0 {
      for j in student.indices where !split.isKept[j] { loss += u * (Real.log(u) - split.logQ[j]) }
    }
    var gradient = split.logQ.map { temperature * (Real.exp($0) - u) }
    for (id, p) in zip(target.ids, target.probabilities) {
      gradient[Int(id)] = temperature * (Real.exp(split.logQ[Int(id)]) - p)
    }
    return LossAndGradient(loss: temperature * temperature * loss, gradient: gradient)
  }
}
