/// A token recognised in the raw text, before normalization, also inside words.
public struct AddedToken: Sendable, Hashable {
  /// The text that stands for it, matched byte by byte.
  public var content: String
  /// Its ID, in the vocabulary or past its end.
  public var id: Int32
  /// Whether decoding may skip it and encoding may leave it unrecognised.
  public var isSpecial: Bool

  /// A token recognised in the raw text.
  ///
  /// - Parameters:
  ///   - content: The text that stands for it; not empty.
  ///   - id: Its ID, in the vocabulary or past its end.
  ///   - isSpecial: Whether decoding may skip it and encoding may leave it unrecognised.
  public init(content: String, id: Int32, isSpecial: Bool = true) {
    self.content = content
    self.id = id
    self.isSpecial = isSpecial
  }
}

/// Finds added tokens: leftmost, and of those that begin at one place the longest.
struct AddedTokenMatcher: Sendable {
  private struct Pattern {
    let bytes: [UInt8]
    let id: Int32
  }

  /// Longest first.
  private let patterns: [Pattern]
  private let isFirstByte: [Bool]
  /// Whether some token holds a byte at which the fast path cuts chunks.
  let containsChunkBoundary: Bool

  init(_ tokens: [AddedToken]) {
    patterns = tokens.filter { !$0.content.isEmpty }
      .map { Pattern(bytes: Array($0.content.utf8), id: $0.id) }
      .sorted { $0.bytes.count > $1.bytes.count }
    var isFirstByte = [Bool](repeating: false, count: 256)
    for pattern in patterns { isFirstByte[Int(pattern.bytes[0])] = true }
    self.isFirstByte = isFirstByte
    containsChunkBoundary = patterns.contains { $0.bytes.contains(where: ChunkBoundary.contains) }
  }

  /// Calls `body` with the gaps (`id` nil, never empty) and the tokens of a text, in order.
  func split(
    _ bytes: UnsafeRawBufferPointer, _ body: (_ range: Range<Int>, _ id: Int32?) -> Void
  ) {
    var gapStart = 0
    var place = 0
    while place < bytes.count {
      guard isFirstByte[Int(bytes[place])], let pattern = pattern(in: bytes, at: place) else {
        place += 1
        continue
      }
      if gapStart < place { body(gapStart..<place, nil) }
      body(place..<place + pattern.bytes.count, pattern.id)
      place += pattern.bytes.count
      gapStart = place
    }
    if gapStart < bytes.count { body(gapStart..<bytes.count, nil) }
  }

  private func pattern(in bytes: UnsafeRawBufferPointer, at place: Int) -> Pattern? {
    patterns.first { pattern in
      place + pattern.bytes.count <= bytes.count
        && bytes[place..<place + pattern.bytes.count].elementsEqual(pattern.bytes)
    }
  }
}
