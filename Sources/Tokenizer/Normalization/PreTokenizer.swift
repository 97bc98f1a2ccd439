/// Splits normalized text at white space and isolates punctuation.
///
/// - Source: `BertPreTokenizer` of Hugging Face `tokenizers` 0.23.3.
package enum PreTokenizer {
  /// The words of a text, as ranges of normalized code points; none is empty.
  package static func words(of text: NormalizedText) -> [Range<Int>] {
    words(of: text, in: 0..<text.count)
  }

  /// The words of a part of a text.
  static func words(of text: NormalizedText, in part: Range<Int>) -> [Range<Int>] {
    let tables = UnicodeTables.shared
    var words: [Range<Int>] = []
    var start = part.lowerBound
    func endWord(at end: Int) {
      if start < end { words.append(start..<end) }
    }
    for i in part {
      let properties = tables.properties(of: text.scalars[i])
      if properties.contains(.whitespace) {
        endWord(at: i)
        start = i + 1
      } else if properties.contains(.punctuation) {
        endWord(at: i)
        words.append(i..<i + 1)
        start = i + 1
      }
    }
    endWord(at: part.upperBound)
    return words
  }
}
