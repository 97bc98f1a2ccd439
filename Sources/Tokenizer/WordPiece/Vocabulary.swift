/// The tokens of a model, by ID.
public struct Vocabulary: Sendable {
  /// The tokens in order of their IDs.
  public let tokens: [String]
  let trie: WordPieceTrie

  /// A vocabulary in which a token's index is its ID; of equal tokens the last one's ID counts.
  ///
  /// - Parameters:
  ///   - tokens: The tokens in order of their IDs, continuations marked with `##`.
  ///   - source: Where the tokens come from, for error messages.
  /// - Throws: ``TokenizerError/invalidVocabulary(source:reason:)`` where there are no tokens, or
  ///   more than 8 MiB of them.
  public init(tokens: [String], source: String = "given") throws {
    guard !tokens.isEmpty else {
      throw TokenizerError.invalidVocabulary(source: source, reason: "it is empty")
    }
    let bytes = tokens.reduce(0) { $0 + $1.utf8.count }
    guard bytes <= WordPieceTrie.maxVocabularyBytes else {
      throw TokenizerError.invalidVocabulary(
        source: source,
        reason: "its tokens have \(bytes) bytes, more than \(WordPieceTrie.maxVocabularyBytes)")
    }
    self.tokens = tokens
    trie = WordPieceTrie(tokens: tokens)
  }

  /// How many IDs there are.
  public var count: Int { tokens.count }

  /// The ID of a token, compared byte by byte; nil where there is none.
  public func id(of token: String) -> Int32? { trie.id(of: token.utf8) }
}
