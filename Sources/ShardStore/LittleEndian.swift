/// Arrays of fixed-width numbers as little-endian bytes.
///
/// The generic functions copy all at once: another module cannot specialise them, so that a loop over
/// the numbers would take some fifty instructions for each. They are for machines that are
/// little-endian themselves, as all are that Swift runs on.
package enum LittleEndian {
  /// The bytes of the values, one after the other.
  package static func bytes<Value: FixedWidthInteger & BitwiseCopyable>(
    _ values: [Value]
  ) -> [UInt8] {
    values.withUnsafeBytes { Array($0) }
  }

  /// The values of those bytes, or nil where their number is not a multiple of a value's.
  package static func values<Value: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: [UInt8], as type: Value.Type = Value.self
  ) -> [Value]? {
    copies(bytes)
  }

  /// The bytes of floats (IEEE 754 single precision), one after the other.
  package static func bytes(_ values: [Float]) -> [UInt8] {
    values.withUnsafeBytes { Array($0) }
  }

  /// The floats of those bytes, or nil where their number is not a multiple of 4.
  package static func floats(_ bytes: [UInt8]) -> [Float]? {
    copies(bytes)
  }

  private static func copies<Value: BitwiseCopyable>(_ bytes: [UInt8]) -> [Value]? {
    precondition(1.littleEndian == 1, "a big-endian machine")
    let width = MemoryLayout<Value>.size
    guard bytes.count.isMultiple(of: width) else { return nil }
    return [Value](unsafeUninitializedCapacity: bytes.count / width) { values, count in
      bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(values).copyMemory(from: $0) }
      count = bytes.count / width
    }
  }
}
