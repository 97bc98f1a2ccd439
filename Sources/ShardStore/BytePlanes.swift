/// Numbers as byte planes: all the low bytes, then all the high bytes.
///
/// Where most numbers are small the high plane is almost all zeros, which LZ4, having no entropy
/// stage, can use; interleaved it could not.
package enum BytePlanes {
  /// The low bytes of all values, then the high bytes.
  package static func split(_ values: [UInt16]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 2 * values.count) { bytes, count in
      for (i, value) in values.enumerated() {
        bytes[i] = UInt8(truncatingIfNeeded: value)
        bytes[values.count + i] = UInt8(truncatingIfNeeded: value >> 8)
      }
      count = 2 * values.count
    }
  }

  /// The values of which `split` gave the bytes, or nil where their number is odd.
  package static func join(_ bytes: [UInt8]) -> [UInt16]? {
    guard bytes.count.isMultiple(of: 2) else { return nil }
    let values = bytes.count / 2
    return [UInt16](unsafeUninitializedCapacity: values) { output, count in
      for i in 0..<values {
        output[i] = UInt16(bytes[i]) | UInt16(bytes[values + i]) << 8
      }
      count = values
    }
  }
}
