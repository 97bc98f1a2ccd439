/// A token of a text with its place in it, without strings: 24 bytes.
public struct TokenSpan: Sendable, Hashable, BitwiseCopyable {
  /// The token's ID.
  public var id: Int32
  /// The index of its word in the text.
  public var wordID: Int32
  /// The first code point of the source that it stands for, counted from the text's start.
  public var start: UInt32
  /// The code point past the last.
  public var end: UInt32
  /// The first UTF-8 byte of the source that it stands for.
  public var byteStart: UInt32
  /// The byte past the last.
  public var byteEnd: UInt32

  /// A token with its place.
  ///
  /// - Parameters:
  ///   - id: The token's ID.
  ///   - wordID: The index of its word.
  ///   - start: Its first code point.
  ///   - end: The code point past the last.
  ///   - byteStart: Its first byte.
  ///   - byteEnd: The byte past the last.
  public init(
    id: Int32, wordID: Int32, start: UInt32, end: UInt32, byteStart: UInt32, byteEnd: UInt32
  ) {
    self.id = id
    self.wordID = wordID
    self.start = start
    self.end = end
    self.byteStart = byteStart
    self.byteEnd = byteEnd
  }

  init(_ token: AlignedToken) {
    self.init(
      id: token.id, wordID: Int32(clamping: token.wordIndex),
      start: UInt32(token.scalars.lowerBound), end: UInt32(token.scalars.upperBound),
      byteStart: UInt32(token.bytes.lowerBound), byteEnd: UInt32(token.bytes.upperBound))
  }
}
