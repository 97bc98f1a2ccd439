/// Numbers as byte planes: the lowest byte of every value, then the next byte of every value …
///
/// Where most numbers are small the high planes are almost all zeros, which LZ4, having no entropy
/// stage, can use; interleaved it could not.
package enum BytePlanes {
  /// The planes of 16-bit values.
  package static func split(_ values: some RandomAccessCollection<UInt16>) -> [UInt8] {
    let n = values.count
    return [UInt8](unsafeUninitializedCapacity: 2 * n) { bytes, count in
      for (i, value) in values.enumerated() {
        bytes[i] = UInt8(truncatingIfNeeded: value)
        bytes[n + i] = UInt8(truncatingIfNeeded: value >> 8)
      }
      count = 2 * n
    }
  }

  /// The values of which `split` gave the bytes, or nil where their number is odd.
  package static func join(_ bytes: some RandomAccessCollection<UInt8>) -> [UInt16]? {
    guard bytes.count.isMultiple(of: 2) else { return nil }
    let n = bytes.count / 2
    let low = bytes.prefix(n)
    let high = bytes.suffix(n)
    return zip(low, high).map { UInt16($0) | UInt16($1) << 8 }
  }

  /// Bytes of a token ID: 2, or 4 where the vocabulary has more than 65,536 entries.
  package static func tokenWidth(vocabularySize: Int) -> Int {
    vocabularySize <= 65_536 ? 2 : 4
  }

  /// The planes of token IDs.
  ///
  /// - Precondition: Each is at least 0 and fits in `width` bytes.
  package static func split(tokens: some RandomAccessCollection<Int32>, width: Int) -> [UInt8] {
    precondition(width == 2 || width == 4, "width \(width)")
    let n = tokens.count
    let largest = width == 2 ? 65_535 : Int32.max
    return [UInt8](unsafeUninitializedCapacity: width * n) { bytes, count in
      for (i, token) in tokens.enumerated() {
        precondition((0...largest).contains(token), "token \(token) in \(width) bytes")
        for plane in 0..<width {
          bytes[plane * n + i] = UInt8(truncatingIfNeeded: token >> (8 * Int32(plane)))
        }
      }
      count = width * n
    }
  }

  /// The token IDs of which `split(tokens:width:)` gave the bytes, or nil where their number is not
  /// a multiple of `width` or an ID is not below `vocabularySize`.
  package static func joinTokens(
    _ bytes: some RandomAccessCollection<UInt8>, width: Int, vocabularySize: Int
  ) -> [Int32]? {
    precondition(width == 2 || width == 4, "width \(width)")
    guard bytes.count.isMultiple(of: width) else { return nil }
    let n = bytes.count / width
    var tokens = [UInt32](repeating: 0, count: n)
    var next = bytes.startIndex
    for shift in stride(from: UInt32(0), to: UInt32(8 * width), by: 8) {
      for i in 0..<n {
        tokens[i] |= UInt32(bytes[next]) << shift
        bytes.formIndex(after: &next)
      }
    }
    var result: [Int32] = []
    result.reserveCapacity(n)
    for token in tokens {
      guard token < vocabularySize else { return nil }
      result.append(Int32(token))
    }
    return result
  }
}
