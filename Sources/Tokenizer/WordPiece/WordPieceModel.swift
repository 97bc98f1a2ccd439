/// Greedy longest-match-first segmentation of one word.
///
/// - Source: `WordPiece` of Hugging Face `tokenizers` 0.23.3.
struct WordPieceModel: Sendable {
  let trie: WordPieceTrie
  let unknownID: Int32

  /// Longest word, in code points of the normalized word; a longer one is unknown.
  static let maxInputCharsPerWord = 100

  /// Calls `piece` with each piece's ID and the byte past it, if the whole word can be segmented.
  ///
  /// - Parameters:
  ///   - word: The UTF-8 bytes of a normalized word, not empty.
  ///   - scalarCount: Its code points.
  ///   - piece: Is also called for the first pieces of a word that turns out unknown.
  /// - Returns: False where the word is one unknown token; pieces passed so far are void.
  @inline(__always)
  func segment(
    _ word: UnsafeBufferPointer<UInt8>, scalarCount: Int, _ piece: (Int32, Int) -> Void
  ) -> Bool {
    guard scalarCount <= Self.maxInputCharsPerWord else { return false }
    var root = WordPieceTrie.wordRoot
    var place = 0
    while place < word.count {
      guard let match = trie.longestMatch(word, from: place, root: root) else { return false }
      piece(match.id, match.end)
      place = match.end
      root = WordPieceTrie.continuationRoot
    }
    return true
  }
}
