import Foundation

extension WordPieceTokenizer {
  /// Makes text of token IDs, as the reference's decoder does.
  ///
  /// Continuations are joined, other tokens set off by a space; the spaces before punctuation and
  /// English contractions are removed within each token only. The text is not the original one.
  ///
  /// - Parameters:
  ///   - ids: Token IDs; those that no token has are left out.
  ///   - skipSpecialTokens: Whether special tokens are left out.
  /// - Returns: The text.
  public func decode(_ ids: [Int32], skipSpecialTokens: Bool = true) -> String {
    let skipped = Set(skipSpecialTokens ? addedTokens.filter(\.isSpecial).map(\.id) : [])
    var text = ""
    var isFirst = true
    for id in ids where !skipped.contains(id) {
      guard let token = tokenIfKnown(id) else { continue }
      var piece = token
      if !isFirst {
        if token.utf8.starts(with: WordPieceTrie.prefix) {
          piece = String(decoding: token.utf8.dropFirst(WordPieceTrie.prefix.count), as: UTF8.self)
        } else {
          piece = " " + token
        }
      }
      for (space, bare) in Self.cleanUps {
        piece = piece.replacingOccurrences(of: space, with: bare, options: .literal)
      }
      text += piece
      isFirst = false
    }
    return text
  }

  /// In the reference's order.
  private static let cleanUps = [
    (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
    (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
  ]
}
