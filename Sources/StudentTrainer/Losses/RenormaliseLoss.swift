/// Divergence from the kept probabilities divided by their sum: biased, offered for comparison.
///
///     loss = T² Σ_S p' log(p' / q),  p' = p / (1 - m_p)
///     d loss / d x_j = T (q_j - p'_j) in S,  T q_j outside
///
/// Jensen-Shannon likewise takes the teacher to have no mass outside S. The reverse KL from such a
/// target is infinite, so there the student is divided by its mass in S as well, and what it leaves
/// outside has no gradient.
package enum RenormaliseLoss {
  /// The loss of one row and its gradient.
  ///
  /// - Parameters:
  ///   - student: Logits, `[vocab]`.
  ///   - target: Kept IDs and probabilities at `temperature`; the tail mass is not used.
  ///   - temperature: T, `> 0`.
  ///   - divergence: What is computed instead of the forward KL.
  /// - Returns: Loss in nats, gradient with respect to the student's logits, `[vocab]`.
  package static func evaluate<Real: RealArithmetic>(
    student: [Real], target: HeadTarget<Real>, temperature: Real,
    divergence: Divergence = .forward
  ) -> LossAndGradient<Real> {
    let logQ = logSoftmax(student, temperature: temperature)
    let sum = target.probabilities.reduce(0, +)
    let kept = sum > 0 ? target.probabilities.map { $0 / sum } : target.probabilities
    switch divergence {
    case .forward: break
    case .reverse:
      return reverse(kept, ids: target.ids, logQ: logQ, temperature: temperature)
    case .jensenShannon:
      return EventDivergence.headAndTail(
        divergence, probabilities: kept, tailMass: 0, ids: target.ids,
        split: StudentSplit(student, ids: target.ids, temperature: temperature),
        temperature: temperature)
    }
    var gradient = logQ.map { temperature * Real.exp($0) }
    for (id, p) in zip(target.ids, kept) { gradient[Int(id)] -= temperature * p }
    let loss = headDivergence(kept, ids: target.ids, logQ: logQ)
    return LossAndGradient(loss: temperature * temperature * loss, gradient: gradient)
  }

  /// KL(q' ‖ p') with q' = q / Σ_S q.
  private static func reverse<Real: RealArithmetic>(
    _ kept: [Real], ids: [Int32], logQ: [Real], temperature: Real
  ) -> LossAndGradient<Real> {
    let logHead = logSumExp(ids.map { logQ[Int($0)] })
    let within = ids.map { logQ[Int($0)] - logHead }
    var events = EventDivergence<Real>(.reverse)
    for (p, logQ) in zip(kept, within) { events.add(p: p, logQ: logQ) }
    // The gradient over S alone, as if S were the vocabulary.
    let inside = events.gradient(within, temperature: temperature) { ($0, 0) }
    var gradient = logQ.map { _ in Real(0) }
    for (id, value) in zip(ids, inside.gradient) { gradient[Int(id)] = value }
    return LossAndGradient(loss: inside.loss, gradient: gradient)
  }
}
