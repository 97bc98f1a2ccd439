/// Numbers as byte planes: the lowest byte of every value, then the next byte of every value …
///
/// Where most numbers are small the high planes are almost all zeros, which LZ4, having no entropy
/// stage, can use; interleaved it could not.
///
/// The generic functions only find the memory: another module cannot specialise them, so the loops
/// are in functions of plain buffers.
package enum BytePlanes {
  /// The planes of 16-bit values.
  package static func split(_ values: some Collection<UInt16>) -> [UInt8] {
    values.withContiguousStorageIfAvailable(splitBuffer)
      ?? Array(values).withUnsafeBufferPointer(splitBuffer)
  }

  /// The values of which `split` gave the bytes, or nil where their number is odd.
  package static func join(_ bytes: some Collection<UInt8>) -> [UInt16]? {
    bytes.withContiguousStorageIfAvailable(joinBuffer)
      ?? Array(bytes).withUnsafeBufferPointer(joinBuffer)
  }

  /// Bytes of a token ID: 2, or 4 where the vocabulary has more than 65,536 entries.
  package static func tokenWidth(vocabularySize: Int) -> Int {
    vocabularySize <= 65_536 ? 2 : 4
  }

  /// The planes of token IDs.
  ///
  /// - Precondition: Each is at least 0 and fits in `width` bytes; `width` is 2 or 4.
  package static func split(tokens: some Collection<Int32>, width: Int) -> [UInt8] {
    tokens.withContiguousStorageIfAvailable { splitTokens($0, width) }
      ?? Array(tokens).withUnsafeBufferPointer { splitTokens($0, width) }
  }

  /// The token IDs of which `split(tokens:width:)` gave the bytes, or nil where their number is not
  /// a multiple of `width` or an ID is not below `vocabularySize`.
  ///
  /// - Precondition: `width` is 2 or 4.
  package static func joinTokens(
    _ bytes: some Collection<UInt8>, width: Int, vocabularySize: Int
  ) -> [Int32]? {
    bytes.withContiguousStorageIfAvailable { joinTokenBuffer($0, width, vocabularySize) }
      ?? Array(bytes).withUnsafeBufferPointer { joinTokenBuffer($0, width, vocabularySize) }
  }

  private static func splitBuffer(_ values: UnsafeBufferPointer<UInt16>) -> [UInt8] {
    let n = values.count
    return [UInt8](unsafeUninitializedCapacity: 2 * n) { bytes, count in
      for i in 0..<n {
        bytes[i] = UInt8(truncatingIfNeeded: values[i])
        bytes[n + i] = UInt8(truncatingIfNeeded: values[i] >> 8)
      }
      count = 2 * n
    }
  }

  private static func joinBuffer(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt16]? {
    guard bytes.count.isMultiple(of: 2) else { return nil }
    let n = bytes.count / 2
    return [UInt16](unsafeUninitializedCapacity: n) { values, count in
      for i in 0..<n { values[i] = UInt16(bytes[i]) | UInt16(bytes[n + i]) << 8 }
      count = n
    }
  }

  private static func splitTokens(_ tokens: UnsafeBufferPointer<Int32>, _ width: Int) -> [UInt8] {
    precondition(width == 2 || width == 4, "width \(width)")
    let n = tokens.count
    let largest = width == 2 ? 65_535 : Int32.max
    return [UInt8](unsafeUninitializedCapacity: width * n) { bytes, count in
      for i in 0..<n {
        let token = tokens[i]
        precondition(token >= 0 && token <= largest, "token \(token) in \(width) bytes")
        for plane in 0..<width {
          bytes[plane * n + i] = UInt8(truncatingIfNeeded: token >> (8 * Int32(plane)))
        }
      }
      count = width * n
    }
  }

  private static func joinTokenBuffer(
    _ bytes: UnsafeBufferPointer<UInt8>, _ width: Int, _ vocabularySize: Int
  ) -> [Int32]? {
    precondition(width == 2 || width == 4, "width \(width)")
    guard bytes.count.isMultiple(of: width) else { return nil }
    let n = bytes.count / width
    var largest: UInt32 = 0
    let tokens = [Int32](unsafeUninitializedCapacity: n) { tokens, count in
      for i in 0..<n {
        var token: UInt32 = 0
        for plane in 0..<width { token |= UInt32(bytes[plane * n + i]) << UInt32(8 * plane) }
        largest = max(largest, token)
        tokens[i] = Int32(bitPattern: token)
      }
      count = n
    }
    return n == 0 || largest < vocabularySize ? tokens : nil
  }
}
