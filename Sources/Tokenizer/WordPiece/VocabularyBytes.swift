/// The UTF-8 bytes of a list of tokens, one after the other.
///
/// A string for each of tens of thousands of tokens costs more than all else in loading them.
struct VocabularyBytes: Sendable {
  /// All tokens' bytes.
  private(set) var bytes: [UInt8] = []
  /// Token i is `bytes[starts[i]..<starts[i + 1]]`.
  private(set) var starts: [Int32] = [0]

  /// How many tokens there are.
  var count: Int { starts.count - 1 }

  /// Adds a token at the end.
  mutating func append(_ token: UnsafeRawBufferPointer) {
    bytes.append(contentsOf: token)
    starts.append(Int32(truncatingIfNeeded: bytes.count))
  }

  /// Adds a token at the end.
  mutating func append(_ token: String) {
    var token = token
    token.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  /// Adds a token at the end, whose bytes `write` appends.
  mutating func append(_ write: (inout [UInt8]) throws -> Void) rethrows {
    try write(&bytes)
    starts.append(Int32(truncatingIfNeeded: bytes.count))
  }

  /// Makes room for tokens of so many bytes together.
  mutating func reserveCapacity(bytes count: Int) {
    bytes.reserveCapacity(count)
    starts.reserveCapacity(count / 7)
  }

  /// Where a token's bytes are.
  func range(_ index: Int) -> Range<Int> { Int(starts[index])..<Int(starts[index + 1]) }

  /// A token as a string.
  subscript(index: Int) -> String { String(decoding: bytes[range(index)], as: UTF8.self) }
}
