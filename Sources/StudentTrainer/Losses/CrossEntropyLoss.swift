/// Cross entropy of the right ID, the masked-language-model loss.
///
///     loss = -log softmax(x)_label
///     d loss / d x_j = softmax(x)_j - [j = label]
package enum CrossEntropyLoss {
  /// The loss of one row and its gradient.
  ///
  /// - Parameters:
  ///   - student: Logits, `[vocab]`.
  ///   - label: In `0 ..< vocab`.
  /// - Returns: Loss in nats, gradient with respect to the student's logits, `[vocab]`.
  package static func evaluate<Real: RealArithmetic>(
    student: [Real], label: Int32
  ) -> LossAndGradient<Real> {
    let logQ = logSoftmax(student, temperature: 1)
    var gradient = logQ.map { Real.exp($0) }
    gradient[Int(label)] -= 1
    return LossAndGradient(loss: -logQ[Int(label)], gradient: gradient)
  }
}
