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
    let skipped = skipSpecialTokens ? specialIDs : []
    var text = ""
    var isFirst = true
    for id in ids where !skipped.contains(id) && hasToken(id) {
      text += decodedPiece(id, isFirst: isFirst)
      isFirst = false
    }
    return text
  }

  /// The IDs that decoding may skip.
  var specialIDs: Set<Int32> { Set(addedTokens.filter(\.isSpecial).map(\.id)) }

  /// Whether some token has the ID.
  func hasToken(_ id: Int32) -> Bool { tokenIfKnown(id) != nil }

  /// What a token adds to a decoded text.
  ///
  /// - Precondition: A token has the ID.
  func decodedPiece(_ id: Int32, isFirst: Bool) -> String {
    let token = token(id)
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
    return piece
  }

  /// In the reference's order.
  private static let cleanUps = [
    (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
    (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
  ]
}
