import CKernels

/// Conversions between float and the 16-bit formats of checkpoints.
package enum HalfPrecision {
  /// Widens IEEE half precision; exact.
  package static func widen(half: UnsafePointer<UInt16>, count: Int) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { buffer, written in
      if let base = buffer.baseAddress { decant_half_to_float(half, base, count) }
      written = count
    }
  }

  /// Widens bfloat16; exact.
  package static func widen(bfloat16: UnsafePointer<UInt16>, count: Int) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { buffer, written in
      if let base = buffer.baseAddress { decant_bfloat16_to_float(bfloat16, base, count) }
      written = count
    }
  }

  /// Rounds to IEEE half precision, nearest even; values past 65,504 become infinite.
  package static func narrow(_ values: UnsafeBufferPointer<Float>) -> [UInt16] {
    [UInt16](unsafeUninitializedCapacity: values.count) { buffer, written in
      if let base = buffer.baseAddress, let source = values.baseAddress {
        decant_float_to_half(source, base, values.count)
      }
      written = values.count
    }
  }
}
