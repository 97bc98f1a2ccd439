/// One minus the cosine between the student's and the teacher's last hidden state.
///
///     loss = 1 - x·y / (|x| |y|)
///     d loss / d x = (cos · x / |x| - y / |y|) / |x|
///
/// A zero state has loss 1 and no gradient.
package enum CosineLoss {
  /// The loss of one row and its gradient.
  ///
  /// - Parameters:
  ///   - student: State x, `[hidden]`.
  ///   - teacher: State y, `[hidden]`.
  /// - Returns: Loss in `0 ... 2`, gradient with respect to the student's state, `[hidden]`.
  package static func evaluate<Real: RealArithmetic>(
    student: [Real], teacher: [Real]
  ) -> LossAndGradient<Real> {
    precondition(student.count == teacher.count, "states of one size")
    func dot(_ a: [Real], _ b: [Real]) -> Real { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    let (x, y) = (dot(student, student).squareRoot(), dot(teacher, teacher).squareRoot())
    guard x > 0, y > 0 else {
      return LossAndGradient(loss: 1, gradient: student.map { _ in 0 })
    }
    let cosine = dot(student, teacher) / (x * y)
    let gradient = zip(student, teacher).map { (cosine * $0 / x - $1 / y) / x }
    return LossAndGradient(loss: 1 - cosine, gradient: gradient)
  }
}
