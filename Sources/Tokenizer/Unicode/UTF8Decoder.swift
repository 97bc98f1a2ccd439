/// Decodes UTF-8 one code point at a time, tolerating anything.
enum UTF8Decoder {
  /// The code point that stands for an invalid sequence.
  static let replacement: UInt32 = 0xFFFD

  /// One decoded step.
  struct Step {
    /// The code point, or ``replacement`` where the bytes are invalid.
    let scalar: UInt32
    /// Bytes consumed, 1 to 4: for invalid bytes the maximal subpart (Unicode, section 3.9).
    let length: Int
    /// False where the bytes are not UTF-8.
    let isValid: Bool
  }

  /// Decodes the code point that starts at `position`.
  ///
  /// - Precondition: `position < bytes.count`.
  @inline(__always)
  static func step(_ bytes: UnsafeRawBufferPointer, at position: Int) -> Step {
    let lead = bytes[position]
    if lead < 0x80 { return Step(scalar: UInt32(lead), length: 1, isValid: true) }
    return multibyteStep(bytes, at: position, lead: lead)
  }

  private static func multibyteStep(
    _ bytes: UnsafeRawBufferPointer, at position: Int, lead: UInt8
  ) -> Step {
    // Length, payload of the lead byte, and the range allowed for the second byte, which excludes
    // overlong forms, surrogates and numbers above U+10FFFF.
    let length: Int
    var scalar: UInt32
    var allowed: ClosedRange<UInt8> = 0x80...0xBF
    switch lead {
    case 0xC2...0xDF: (length, scalar) = (2, UInt32(lead & 0x1F))
    case 0xE0...0xEF:
      (length, scalar) = (3, UInt32(lead & 0x0F))
      if lead == 0xE0 { allowed = 0xA0...0xBF }
      if lead == 0xED { allowed = 0x80...0x9F }
    case 0xF0...0xF4:
      (length, scalar) = (4, UInt32(lead & 0x07))
      if lead == 0xF0 { allowed = 0x90...0xBF }
      if lead == 0xF4 { allowed = 0x80...0x8F }
    default:
      return Step(scalar: replacement, length: 1, isValid: false)
    }
    for offset in 1..<length {
      guard position + offset < bytes.count, allowed.contains(bytes[position + offset]) else {
        return Step(scalar: replacement, length: offset, isValid: false)
      }
      scalar = scalar << 6 | UInt32(bytes[position + offset] & 0x3F)
      allowed = 0x80...0xBF
    }
    return Step(scalar: scalar, length: length, isValid: true)
  }

  /// Appends the UTF-8 form of a code point.
  @inline(__always)
  static func append(_ scalar: UInt32, to bytes: inout [UInt8]) {
    if scalar < 0x80 {
      bytes.append(UInt8(scalar))
    } else if scalar < 0x800 {
      bytes.append(0xC0 | UInt8(scalar >> 6))
      bytes.append(0x80 | UInt8(scalar & 0x3F))
    } else if scalar < 0x10000 {
      bytes.append(0xE0 | UInt8(scalar >> 12))
      bytes.append(0x80 | UInt8(scalar >> 6 & 0x3F))
      bytes.append(0x80 | UInt8(scalar & 0x3F))
    } else {
      bytes.append(0xF0 | UInt8(scalar >> 18))
      bytes.append(0x80 | UInt8(scalar >> 12 & 0x3F))
      bytes.append(0x80 | UInt8(scalar >> 6 & 0x3F))
      bytes.append(0x80 | UInt8(scalar & 0x3F))
    }
  }
}
