/// A vocabulary made from text, and what it came from.
public struct TrainedVocabulary: Sendable {
  /// The tokens in order of their IDs: special ones, the alphabet in order of code points, its
  /// `##` forms in the same order, then what was joined, commonest first.
  public let tokens: [String]
  /// Special tokens among them.
  public let specialTokens: Int
  /// Characters in the alphabet.
  public let alphabet: Int
  /// Characters of the text that the limit left out.
  public let droppedCharacters: Int
  /// How often the characters that were left out occur.
  public let droppedOccurrences: UInt64
  /// Joins that were made; some give a token that is there already.
  public let merges: Int

  /// A tokenizer with this vocabulary.
  ///
  /// - Parameter options: The normalizer's flags that the words were counted with.
  /// - Returns: The tokenizer; special tokens besides BERT's are added tokens of it.
  /// - Throws: ``TokenizerError/missingSpecialToken(role:token:source:)`` where the special tokens
  ///   lack one of BERT's, ``TokenizerError/invalidVocabulary(source:reason:)`` where the tokens
  ///   have more than 8 MiB.
  public func tokenizer(options: NormalizerOptions) throws -> WordPieceTokenizer {
    let added = tokens.prefix(specialTokens).enumerated().map {
      AddedToken(content: $0.element, id: Int32($0.offset))
    }
    return try WordPieceTokenizer(
      vocabulary: Vocabulary(tokens: tokens, source: "trained"), options: options,
      addedTokens: added, source: "trained")
  }
}
