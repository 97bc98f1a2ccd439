/// Divergence with the tail as one event: a true lower bound of the full one.
///
///     loss = T² (Σ_S p log(p / q) + m_p log(m_p / m_q))
///     d loss / d x_j = T (q_j - p_j) in S,  T q_j (1 - m_p / m_q) outside
package enum BucketLoss {
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
    if divergence != .forward {
      return EventDivergence.headAndTail(
        divergence, probabilities: target.probabilities, tailMass: target.tailMass,
        ids: target.ids, split: split, temperature: temperature)
    }
    var loss = headDivergence(target.probabilities, ids: target.ids, logQ: split.logQ)
    if target.tailMass > 0 {
      loss += target.tailMass * (Real.log(target.tailMass) - split.logTailMass)
    }
    // q_j / m_q first: both may be tiny, their ratio is the share of j in the tail.
    let excess = Real.exp(split.logTailMass) - target.tailMass
    var gradient = split.logQ.map { temperature * Real.exp($0 - split.logTailMass) * excess }
    for (id, p) in zip(target.ids, target.probabilities) {
      gradient[Int(id)] = temperature * (Real.exp(split.logQ[Int(id)]) - p)
    }
    return LossAndGradient(loss: temperature * temperature * loss, gradient: gradient)
  }
}
