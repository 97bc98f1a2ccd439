/// Makes valid UTF-8 out of any bytes.
///
/// Each maximal subpart of an ill-formed sequence becomes one U+FFFD, as Unicode recommends
/// (section 3.9) and as Swift's `String(decoding:as:)` and Rust's lossy conversion do.
public enum UTF8Repair {
  /// The outcome of a repair.
  public struct Result: Sendable, Equatable {
    /// The repaired bytes; nil where the input was valid and can be used as it is.
    public let repaired: [UInt8]?
    /// How many U+FFFD were put in; 0 for valid input.
    public let invalidCount: Int
    /// Byte offset of the first invalid sequence; nil for valid input.
    public let firstInvalidOffset: Int?
  }

  /// Repairs bytes that should be UTF-8.
  ///
  /// - Parameter bytes: Any bytes.
  /// - Returns: The repaired bytes, where there was anything to repair, and what was found.
  /// - Complexity: O(bytes); allocates nothing for valid input.
  public static func repair(_ bytes: UnsafeRawBufferPointer) -> Result {
    guard let first = firstInvalidOffset(in: bytes, from: 0) else {
      return Result(repaired: nil, invalidCount: 0, firstInvalidOffset: nil)
    }
    var repaired: [UInt8] = []
    repaired.reserveCapacity(bytes.count + 64)
    var copied = 0
    var invalid: Int? = first
    var count = 0
    while let offset = invalid {
      repaired.append(contentsOf: bytes[copied..<offset])
      UTF8Decoder.append(UTF8Decoder.replacement, to: &repaired)
      count += 1
      copied = offset + UTF8Decoder.step(bytes, at: offset).length
      invalid = firstInvalidOffset(in: bytes, from: copied)
    }
    repaired.append(contentsOf: bytes[copied...])
    return Result(repaired: repaired, invalidCount: count, firstInvalidOffset: first)
  }

  /// Repairs bytes that should be UTF-8.
  ///
  /// - Parameter bytes: Any bytes.
  /// - Returns: The repaired bytes, where there was anything to repair, and what was found.
  public static func repair(_ bytes: [UInt8]) -> Result {
    bytes.withUnsafeBytes { repair($0) }
  }

  private static func firstInvalidOffset(
    in bytes: UnsafeRawBufferPointer, from start: Int
  ) -> Int? {
    var position = start
    while position < bytes.count {
      // Eight ASCII bytes at a time: most text is ASCII.
      if position + 8 <= bytes.count,
        bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
      {
        position += 8
        continue
      }
      let step = UTF8Decoder.step(bytes, at: position)
      guard step.isValid else { return position }
      position += step.length
    }
    return nil
  }
}
