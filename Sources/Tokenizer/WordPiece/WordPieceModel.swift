/// Greedy longest-match-first segmentation of one word.
///
/// - Source: `WordPiece` of Hugging Face `tokenizers` 0.23.3.
struct WordPieceModel: Sendable {
  let trie: WordPieceTrie
  let unknownID: Int32
  /// Longest word, in code points of the normalized word; a longer one is unknown.
  let maxInputCharsPerWord: Int

  /// Calls `piece` with each piece's ID and the byte past it, if the whole word can be segmented.
  ///
  /// - Parameters:
  ///   - word: The UTF-8 bytes of a normalized word.
  ///   - count: How many bytes, at least 1.
  ///   - scalarCount: Its code points.
  ///   - piece: Is also called for the first pieces of a word that turns out unknown.
  /// - Returns: False where the word is one unknown token; pieces passed so far are void.
  /// - Complexity: O(count · longest entry).
  @inline(__always)
  func segment(
    _ word: UnsafePointer<UInt8>, count: Int, scalarCount: Int, _ piece: (Int32, Int) -> Void
  ) -> Bool {
    guard scalarCount <= maxInputCharsPerWord else { return false }
    var root = WordPieceTrie.wordRoot
    var place = 0
    while place < count {
      let match = trie.longestMatch(word, from: place, to: count, root: root)
      guard match.id >= 0 else { return false }
      piece(match.id, match.end)
      place = match.end
      root = trie.continuationRoot
    }
    return true
  }
}
