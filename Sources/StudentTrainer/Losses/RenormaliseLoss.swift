/// Divergence from the kept probabilities divided by their sum: biased, offered for comparison.
///
///     loss = T² Σ_S p' log(p' / q),  p' = p / (1 - m_p)
///     d loss / d x_j = T (q_j - p'_j) in S,  T q_j outside
package enum RenormaliseLoss {
  /// The loss of one row and its gradient.
  ///
  /// - Parameters:
  ///   - student: Logits, `[vocab]`.
  ///   - target: Kept IDs and probabilities at `temperature`; the tail mass is not used.
  ///   - temperature: T, `> 0`.
  /// - Returns: Loss in nats, gradient with respect to the student's logits, `[vocab]`.
  package static func evaluate<Real: RealArithmetic>(
    student: [Real], target: HeadTarget<Real>, temperature: Real
  ) -> LossAndGradient<Real> {
    let logQ = logSoftmax(student, temperature: temperature)
    let sum = target.probabilities.reduce(0, +)
    let kept = sum > 0 ? target.probabilities.map { $0 / sum } : target.probabilities
    var gradient = logQ.map { temperature * Real.exp($0) }
    for (id, p) in zip(target.ids, kept) { gradient[Int(id)] -= temperature * p }
    let loss = headDivergence(kept, ids: target.ids, logQ: logQ)
    return LossAndGradient(loss: temperature * temperature * loss, gradient: gradient)
  }
}
