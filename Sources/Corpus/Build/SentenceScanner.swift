/// Finds where sentences start in running text.
///
/// A sentence ends with `.`, `!`, `?` or `…` and any closing quotes and brackets, where white space
/// or the end of the piece follows; with `。`, `！` or `？` whatever follows; and at a blank line. A
/// full stop ends none after a single letter ("J. Smith") or before a lower-case one ("e.g. this").
/// Cuts only at white space, or after full-width punctuation, so the tokens are those of the whole.
struct SentenceScanner {
  /// Whether the text so far ends a sentence, so that the next text starts one.
  var isAtStart = false

  /// Gives the parts of a piece to `body`, each with whether a sentence starts with it.
  mutating func forEachPart(
    of piece: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer, Bool) -> Void
  ) {
    var start = piece.startIndex
    while start < piece.count, SentenceScanner.isSpace(piece[start]) { start += 1 }
    guard start < piece.count else {
      isAtStart = true
      return
    }
    var place = start
    while place < piece.count {
      let length = SentenceScanner.endLength(piece, at: place)
      guard length > 0 else {
        place += 1
        continue
      }
      let isFullWidth = length == 3 && piece[place] != 0xE2
      var next = place + length
      while let closer = SentenceScanner.closerLength(piece, at: next) { next += closer }
      let end = next
      while next < piece.count, SentenceScanner.isSpace(piece[next]) { next += 1 }
      let isStop = length == 1 && piece[place] == UInt8(ascii: ".")
      let ends =
        (next == piece.count || next > end || isFullWidth)
        && !(isStop && SentenceScanner.isAbbreviation(piece, at: place, next: next))
      place = max(next, place + length)
      guard ends else { continue }
      body(UnsafeRawBufferPointer(rebasing: piece[start..<next]), isAtStart)
      isAtStart = true
      start = next
    }
    guard start < piece.count else { return }
    body(UnsafeRawBufferPointer(rebasing: piece[start...]), isAtStart)
    isAtStart = false
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte | 0x20) || byte >= 0x80
  }

  /// Bytes of the mark at a place that may end a sentence; 0 where there is none.
  @inline(__always)
  private static func endLength(_ text: UnsafeRawBufferPointer, at place: Int) -> Int {
    switch text[place] {
    case UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "?"): return 1
    case 0xE2, 0xE3, 0xEF:
      guard place + 2 < text.count else { return 0 }
      switch (text[place], text[place + 1], text[place + 2]) {
      case (0xE2, 0x80, 0xA6), (0xE3, 0x80, 0x82), (0xEF, 0xBC, 0x81), (0xEF, 0xBC, 0x9F): return 3
      default: return 0
      }
    default: return 0
    }
  }

  /// Bytes of a closing quote or bracket, or of another mark that ends a sentence; nil for others.
  private static func closerLength(_ text: UnsafeRawBufferPointer, at place: Int) -> Int? {
    guard place < text.count else { return nil }
    switch text[place] {
    case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: ")"), UInt8(ascii: "]"),
      UInt8(ascii: "}"), UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "?"):
      return 1
    case 0xC2:
      return place + 1 < text.count && text[place + 1] == 0xBB ? 2 : nil
    case 0xE2, 0xE3, 0xEF:
      guard place + 2 < text.count else { return nil }
      switch (text[place], text[place + 1], text[place + 2]) {
      // ’ ” … 」 』 ） and the full-width marks
      case (0xE2, 0x80, 0x99), (0xE2, 0x80, 0x9D), (0xE2, 0x80, 0xA6), (0xE3, 0x80, 0x82),
        (0xE3, 0x80, 0x8D), (0xE3, 0x80, 0x8F), (0xEF, 0xBC, 0x81), (0xEF, 0xBC, 0x89),
        (0xEF, 0xBC, 0x9F):
        return 3
      default: return nil
      }
    default: return nil
    }
  }

  /// Whether a full stop belongs to an initial, or to an abbreviation within a sentence.
  private static func isAbbreviation(
    _ text: UnsafeRawBufferPointer, at stop: Int, next: Int
  ) -> Bool {
    if next < text.count, (0x61...0x7A).contains(text[next]) { return true }
    guard stop > 0, isLetter(text[stop - 1]), text[stop - 1] < 0x80 else { return false }
    return stop == 1 || !isLetter(text[stop - 2])
  }
}
