/// Finds added tokens: leftmost, and of those that begin at one place the longest.
///
/// - Source: `AddedVocabulary::find_matches` of Hugging Face `tokenizers` 0.23.3. As there, a match
///   that does not count (part of a word, or special and not to be recognised) is passed over
///   whole: nothing is looked for inside it.
struct AddedTokenMatcher: Sendable {
  private struct Pattern {
    let scalars: [UInt32]
    let token: AddedToken
  }

  /// Longest first, then in the order given: of equal ones the first is found.
  private let patterns: [Pattern]
  private let firstScalars: Set<UInt32>
  /// The UTF-8 of the patterns, for ``mayMatch(_:)``.
  private let utf8: [[UInt8]]
  private let isFirstByte: [Bool]

  /// Whether there is nothing to find.
  var isEmpty: Bool { patterns.isEmpty }

  /// Prepares tokens, each with the text to look for; an empty text is never found.
  init(_ tokens: [(text: [UInt32], token: AddedToken)]) {
    patterns = tokens.filter { !$0.text.isEmpty }.enumerated()
      .sorted { ($1.element.text.count, $0.offset) < ($0.element.text.count, $1.offset) }
      .map { Pattern(scalars: $0.element.text, token: $0.element.token) }
    firstScalars = Set(patterns.map { $0.scalars[0] })
    utf8 = patterns.map { pattern in
      var bytes: [UInt8] = []
      for scalar in pattern.scalars { UTF8Decoder.append(scalar, to: &bytes) }
      return bytes
    }
    var isFirstByte = [Bool](repeating: false, count: 256)
    for bytes in utf8 { isFirstByte[Int(bytes[0])] = true }
    self.isFirstByte = isFirstByte
  }

  /// Whether some token holds a byte at which the fast path cuts chunks.
  var containsChunkBoundary: Bool { utf8.contains { $0.contains(where: ChunkBoundary.contains) } }

  /// Whether some token takes in the white space around it.
  var strips: Bool { patterns.contains { $0.token.lstrip || $0.token.rstrip } }

  /// Whether the text of some token is there.
  func mayMatch(_ bytes: UnsafeRawBufferPointer) -> Bool {
    for place in 0..<bytes.count where isFirstByte[Int(bytes[place])] {
      let rest = bytes[place...]
      if utf8.contains(where: { rest.starts(with: $0) }) { return true }
    }
    return false
  }

  /// Calls `body` with the gaps (`token` nil, never empty) and the tokens of a text, in order.
  ///
  /// - Parameters:
  ///   - text: Code points.
  ///   - recognizesSpecialTokens: Whether special tokens count.
  ///   - body: Is called with ranges of `text` that cover it.
  func split(
    _ text: ArraySlice<UInt32>, recognizesSpecialTokens: Bool,
    _ body: (_ range: Range<Int>, _ token: AddedToken?) -> Void
  ) {
    var gapStart = text.startIndex
    var place = text.startIndex
    while place < text.endIndex, !patterns.isEmpty {
      guard firstScalars.contains(text[place]),
        let pattern = patterns.first(where: { text[place...].starts(with: $0.scalars) })
      else {
        place += 1
        continue
      }
      var range = place..<place + pattern.scalars.count
      place = range.upperBound
      let token = pattern.token
      if token.isSpecial, !recognizesSpecialTokens { continue }
      if token.singleWord, Self.touchesWord(range, in: text) { continue }
      range = Self.stripping(range, in: text, for: token, from: gapStart)
      if gapStart < range.lowerBound { body(gapStart..<range.lowerBound, nil) }
      body(range, token)
      gapStart = range.upperBound
    }
    if gapStart < text.endIndex { body(gapStart..<text.endIndex, nil) }
  }

  private static func touchesWord(_ range: Range<Int>, in text: ArraySlice<UInt32>) -> Bool {
    let tables = UnicodeTables.shared
    if range.lowerBound > text.startIndex, tables.isWordCharacter(text[range.lowerBound - 1]) {
      return true
    }
    return range.upperBound < text.endIndex && tables.isWordCharacter(text[range.upperBound])
  }

  /// The range with the white space that the token takes in, none of it before `gapStart`.
  private static func stripping(
    _ range: Range<Int>, in text: ArraySlice<UInt32>, for token: AddedToken, from gapStart: Int
  ) -> Range<Int> {
    let tables = UnicodeTables.shared
    var (start, end) = (range.lowerBound, range.upperBound)
    if token.lstrip {
      while start > text.startIndex, tables.properties(of: text[start - 1]).contains(.whitespace) {
        start -= 1
      }
      start = max(start, gapStart)
    }
    if token.rstrip {
      while end < text.endIndex, tables.properties(of: text[end]).contains(.whitespace) {
        end += 1
      }
    }
    return start..<end
  }
}
