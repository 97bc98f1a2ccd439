/// bfloat16: the upper half of a single-precision number.
enum BrainFloat {
  /// The bits of the nearest bfloat16, ties to even; nil where it is not finite.
  static func bits(_ value: Float) -> UInt16? {
    guard value.isFinite else { return nil }
    let pattern = value.bitPattern
    let rounded = pattern &+ 0x7FFF &+ (pattern >> 16 & 1)
    let bits = UInt16(truncatingIfNeeded: rounded >> 16)
    return bits & 0x7F80 == 0x7F80 ? nil : bits
  }

  /// The number of some bits.
  static func value(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }
}
