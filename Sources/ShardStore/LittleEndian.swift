/// Arrays of fixed-width numbers as little-endian bytes.
package enum LittleEndian {
  /// The bytes of the values, one after the other.
  package static func bytes<Value: FixedWidthInteger>(_ values: [Value]) -> [UInt8] {
    let width = MemoryLayout<Value>.size
    return [UInt8](unsafeUninitializedCapacity: width * values.count) { bytes, count in
      let raw = UnsafeMutableRawBufferPointer(bytes)
      for (i, value) in values.enumerated() {
        raw.storeBytes(of: value.littleEndian, toByteOffset: width * i, as: Value.self)
      }
      count = width * values.count
    }
  }

  /// The values of those bytes, or nil where their number is not a multiple of a value's.
  package static func values<Value: FixedWidthInteger>(
    _ bytes: [UInt8], as type: Value.Type = Value.self
  ) -> [Value]? {
    let width = MemoryLayout<Value>.size
    guard bytes.count.isMultiple(of: width) else { return nil }
    return bytes.withUnsafeBytes { raw in
      (0..<bytes.count / width).map {
        Value(littleEndian: raw.loadUnaligned(fromByteOffset: width * $0, as: Value.self))
      }
    }
  }

  /// The bytes of floats (IEEE 754 single precision), one after the other.
  package static func bytes(_ values: [Float]) -> [UInt8] {
    bytes(values.map(\.bitPattern))
  }

  /// The floats of those bytes, or nil where their number is not a multiple of 4.
  package static func floats(_ bytes: [UInt8]) -> [Float]? {
    values(bytes, as: UInt32.self)?.map(Float.init(bitPattern:))
  }
}
