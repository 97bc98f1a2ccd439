import Foundation

/// A string put in place of another before tokenization, such as WikiText's `<unk>` → `[UNK]`.
package struct TextReplacement: Codable, Hashable, Sendable {
  /// What is looked for: not empty, without line breaks, compared byte by byte.
  package let from: String
  /// What is put in its place.
  package let to: String

  /// Pairs the two strings; `CorpusOptions` checks them.
  package init(from: String, to: String) {
    self.from = from
    self.to = to
  }

  /// Text with every occurrence replaced, leftmost first and without overlap; nil where there is
  /// none.
  func apply(to text: UnsafeRawBufferPointer) -> [UInt8]? {
    guard let base = text.baseAddress, !from.isEmpty else { return nil }
    let pattern = Array(from.utf8)
    let substitute = Array(to.utf8)
    var result: [UInt8] = []
    var copied = 0
    var searched = 0
    while text.count - searched >= pattern.count,
      let hit = memchr(
        base + searched, Int32(pattern[0]), text.count - searched - pattern.count + 1)
    {
      let start = UnsafeRawPointer(hit) - base
      searched = start + 1
      guard memcmp(base + start, pattern, pattern.count) == 0 else { continue }
      result.append(contentsOf: text[copied..<start])
      result.append(contentsOf: substitute)
      copied = start + pattern.count
      searched = copied
    }
    guard copied > 0 else { return nil }
    result.append(contentsOf: text[copied...])
    return result
  }
}
