/// Makes text of many lists of token IDs, with each token's text made once.
///
/// Gives exactly what ``WordPieceTokenizer/decode(_:skipSpecialTokens:)`` gives. One caller at a
/// time: make one for each thread. Memory grows with the distinct IDs.
public final class TokenDecoder {
  private let tokenizer: WordPieceTokenizer
  private let skipped: Set<Int32>
  /// The text of a token at the start and elsewhere, once it was asked for; empty where the token
  /// is left out.
  private var first: [[UInt8]?]
  private var later: [[UInt8]?]

  /// A decoder for one thread.
  ///
  /// - Parameters:
  ///   - tokenizer: The tokenizer whose IDs it takes.
  ///   - skipSpecialTokens: Whether special tokens are left out.
  public init(_ tokenizer: WordPieceTokenizer, skipSpecialTokens: Bool = true) {
    self.tokenizer = tokenizer
    skipped = skipSpecialTokens ? tokenizer.specialIDs : []
    first = Array(repeating: nil, count: tokenizer.vocabularySize)
    later = first
  }

  /// Appends the text of token IDs as UTF-8.
  ///
  /// - Parameters:
  ///   - ids: Token IDs; those that no token has are left out.
  ///   - text: Receives the text.
  public func append(_ ids: [Int32], to text: inout [UInt8]) {
    var isFirst = true
    for id in ids where id >= 0 && Int(id) < later.count {
      if isFirst {
        guard !skipped.contains(id), tokenizer.hasToken(id) else { continue }
        text.append(contentsOf: piece(id, isFirst: true, &first))
        isFirst = false
      } else {
        text.append(contentsOf: piece(id, isFirst: false, &later))
      }
    }
  }

  private func piece(_ id: Int32, isFirst: Bool, _ known: inout [[UInt8]?]) -> [UInt8] {
    if let piece = known[Int(id)] { return piece }
    let isLeftOut = skipped.contains(id) || !tokenizer.hasToken(id)
    let piece = isLeftOut ? [] : Array(tokenizer.decodedPiece(id, isFirst: isFirst).utf8)
    known[Int(id)] = piece
    return piece
  }
}
