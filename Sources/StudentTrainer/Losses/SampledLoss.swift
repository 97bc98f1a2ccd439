/// Divergence from sampled probabilities p^, whose gradient is that of the full one on average.
///
///     loss = T² Σ p^ (log p^ - log q)
///     d loss / d x_j = T (q_j Σ p^ - p^_j)
///
/// The gradient is linear in p^, so an unbiased p^ gives an unbiased gradient. The value is not: the
/// entropy of p^ is not the teacher's, which moves the loss by a constant that no student can change.
/// Reverse KL and Jensen-Shannon are not linear in p^ and have no such estimate.
package enum SampledLoss {
  /// The loss of one row and its gradient.
  ///
  /// - Parameters:
  ///   - student: Logits, `[vocab]`.
  ///   - ids: Sampled IDs, distinct.
  ///   - probabilities: p^ of each, which sum to about 1.
  ///   - temperature: T; the estimates are of probabilities at this temperature.
  /// - Returns: Loss in nats, gradient with respect to the student's logits, `[vocab]`.
  package static func evaluate<Real: RealArithmetic>(
    student: [Real], ids: [Int32], probabilities: [Real], temperature: Real
  ) -> LossAndGradient<Real> {
    let logQ = logSoftmax(student, temperature: temperature)
    let sum = probabilities.reduce(0, +)
    var gradient = logQ.map { temperature * sum * Real.exp($0) }
    for (id, p) in zip(ids, probabilities) { gradient[Int(id)] -= temperature * p }
    let loss = headDivergence(probabilities, ids: ids, logQ: logQ)
    return LossAndGradient(loss: temperature * temperature * loss, gradient: gradient)
  }
}
