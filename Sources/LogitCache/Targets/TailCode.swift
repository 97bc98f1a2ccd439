package import Kernels

/// The tail's five scalars as 16-bit integers.
package enum TailCode {
  /// Units of a 16-bit integer in the order of the stream; `docs/FORMAT.md` gives the errors.
  private static let units: [Double] = [1.0 / 1024, 1.0 / 256, 1.0 / 1024, 1.0 / 256, 1.0 / 256]

  /// The five integers, in the order of the stream `tail.scalars`.
  package static func encode(_ tail: SoftTargetSelection.TailScalars) -> [Int16] {
    let values = [
      tail.logPartition, tail.slope, tail.halfLogPartition, tail.halfSlope, tail.mean,
    ]
    return zip(values, units).map { value, unit in
      Int16(min(max((value / unit).rounded(), -32_767), 32_767))
    }
  }

  /// The scalars of five integers.
  ///
  /// - Precondition: `codes.count == 5`.
  package static func decode(_ codes: [Int16]) -> SoftTargetSelection.TailScalars {
    precondition(codes.count == 5, "\(codes.count) codes")
    return SoftTargetSelection.TailScalars(
      logPartition: Double(codes[0]) * units[0], slope: Double(codes[1]) * units[1],
      halfLogPartition: Double(codes[2]) * units[2], halfSlope: Double(codes[3]) * units[3],
      mean: Double(codes[4]) * units[4])
  }
}
