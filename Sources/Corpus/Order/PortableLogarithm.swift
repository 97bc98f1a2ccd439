/// The natural logarithm from additions, products and quotients only.
///
/// The C library's `log` may differ in the last bit from one version to the next, and a mask must
/// not; IEEE 754 fixes the result of every operation used here. The error is below 4 units in the
/// last place away from 1, where `log` passes through zero, and below 1e-15 absolute near it.
package enum PortableLogarithm {
  /// log(x) for a positive, finite, normal x.
  ///
  /// - Source: log(m) = 2 atanh((m - 1) / (m + 1)), the series cut where its terms fall below 2^-53:
  ///   |s| <= 3 - 2 sqrt 2 = 0.1716 and 0.1716^22 / 23 = 6e-19.
  package static func log(_ x: Double) -> Double {
    precondition(x.isNormal && x > 0, "the logarithm is of a positive normal number")
    var exponent = x.exponent
    var mantissa = x.significand
    if mantissa > 1.4142135623730951 {
      mantissa *= 0.5
      exponent += 1
    }
    let s = (mantissa - 1) / (mantissa + 1)
    let square = s * s
    var series = 0.0
    var odd = 23.0
    while odd > 0 {
      series = series * square + 1 / odd
      odd -= 2
    }
    return Double(exponent) * 0.6931471805599453 + 2 * s * series
  }
}
