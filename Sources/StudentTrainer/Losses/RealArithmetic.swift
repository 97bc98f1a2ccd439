import Foundation

/// A floating-point type with the functions that the reference losses need.
package protocol RealArithmetic: BinaryFloatingPoint, Sendable {
  /// e to the power of `x`.
  static func exp(_ x: Self) -> Self
  /// The natural logarithm.
  static func log(_ x: Self) -> Self
}

extension Double: RealArithmetic {
  package static func exp(_ x: Double) -> Double { Foundation.exp(x) }
  package static func log(_ x: Double) -> Double { Foundation.log(x) }
}

extension Float: RealArithmetic {
  package static func exp(_ x: Float) -> Float { Foundation.expf(x) }
  package static func log(_ x: Float) -> Float { Foundation.logf(x) }
}

/// A loss in nats and its gradient with respect to the student's logits (or states).
package struct LossAndGradient<Real: RealArithmetic>: Sendable where Real: Sendable {
  /// The loss of the row, unweighted.
  package var loss: Real
  /// As long as the student's row.
  package var gradient: [Real]
}

/// log sum exp of a sequence; -infinity where it is empty.
func logSumExp<Real: RealArithmetic>(_ values: some Sequence<Real>) -> Real {
  var largest = -Real.infinity
  for value in values where value > largest { largest = value }
  guard largest > -.infinity else { return -.infinity }
  var sum: Real = 0
  for value in values { sum += Real.exp(value - largest) }
  return largest + Real.log(sum)
}

/// log softmax(logits / temperature).
func logSoftmax<Real: RealArithmetic>(_ logits: [Real], temperature: Real) -> [Real] {
  let scaled = logits.map { $0 / temperature }
  let logZ = logSumExp(scaled)
  return scaled.map { $0 - logZ }
}
