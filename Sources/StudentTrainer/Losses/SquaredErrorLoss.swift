/// The squared difference between a student's and a teacher's hidden state, mean over dimensions.
///
///     loss = mean over d of (x_d - y_d)²
///     d loss / d x_d = 2 (x_d - y_d) / D
///
/// - Source: Jiao et al. 2020 (TinyBERT), equation 8.
package enum SquaredErrorLoss {
  /// The loss of one row and its gradient.
  ///
  /// - Parameters:
  ///   - student: State x, `[hidden]`, projected where it is.
  ///   - teacher: State y, `[hidden]`.
  /// - Returns: Loss, `>= 0`; gradient with respect to the student's state, `[hidden]`.
  package static func evaluate<Real: RealArithmetic>(
    student: [Real], teacher: [Real]
  ) -> LossAndGradient<Real> {
    precondition(student.count == teacher.count, "states of one size")
    let count = Real(student.count)
    let differences = zip(student, teacher).map { $0 - $1 }
    return LossAndGradient(
      loss: differences.reduce(0) { $0 + $1 * $1 } / count,
      gradient: differences.map { 2 * $0 / count })
  }
}
