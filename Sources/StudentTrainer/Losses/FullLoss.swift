/// Divergence from the teacher's whole distribution, plainly from its definition.
///
///     loss = T² Σ p log(p / q),  p = softmax(z / T),  q = softmax(x / T)
///     d loss / d x_j = T (q_j - p_j)
///
/// The reference that the fast path is tested against; training calls `SoftTargetLossKernels`.
/// - Source: Hinton et al. 2015, section 2.
package enum FullLoss {
  /// The loss of one row and its gradient.
  ///
  /// - Parameters:
  ///   - student: Logits x, `[vocab]`.
  ///   - teacher: Logits z, `[vocab]`.
  ///   - temperature: T, `> 0`.
  ///   - divergence: What is computed instead of the forward KL.
  /// - Returns: Loss in nats, gradient with respect to the student's logits, `[vocab]`.
  package static func evaluate<Real: RealArithmetic>(
    student: [Real], teacher: [Real], temperature: Real,
    divergence: Divergence = .forward
  ) -> LossAndGradient<Real> {
    precondition(student.count == teacher.count, "rows of one length")
    let logQ = logSoftmax(student, temperature: temperature)
    let logP = logSoftmax(teacher, temperature: temperature)
    if divergence != .forward {
      return EventDivergence.rows(divergence, logP: logP, logQ: logQ, temperature: temperature)
    }
    var loss: Real = 0
    var gradient = logQ
    for j in logQ.indices {
      let p = Real.exp(logP[j])
      if p > 0 { loss += p * (logP[j] - logQ[j]) }
      gradient[j] = temperature * (Real.exp(logQ[j]) - p)
    }
    return LossAndGradient(loss: temperature * temperature * loss, gradient: gradient)
  }
}
