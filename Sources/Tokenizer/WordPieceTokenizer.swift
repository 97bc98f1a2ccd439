/// The WordPiece tokenizer of BERT models, equal to Hugging Face's fast tokenizer.
///
/// Immutable, so that any number of threads may use one. For IDs of much text use a
/// ``TokenIDEncoder`` per thread, which is many times faster.
///
///     let tokenizer = try WordPieceTokenizer.load(folder: folder)
///     let encoding = try tokenizer.encode("Run the teacher once.")
public struct WordPieceTokenizer: Sendable {
  /// The tokens by ID.
  public let vocabulary: Vocabulary
  /// The normalizer's flags.
  public let options: NormalizerOptions
  /// The tokens that stand for something other than text.
  public let specialTokens: SpecialTokens
  /// All tokens recognised as a whole: the special ones, and others of the model's files.
  public let addedTokens: [AddedToken]
  /// How many IDs there are: every ID of a token is below it.
  public let vocabularySize: Int
  /// Whether decoding removes spaces before punctuation and English contractions.
  public let cleansUpDecodedText: Bool
  /// The truncation and padding that the tokenizer's files keep, with the template.
  ///
  /// Nothing applies them unless they are passed on: `encode(text, options: storedOptions)` is what
  /// `tokenizers` gives of a `tokenizer.json` without being told anything.
  public let storedOptions: EncodeOptions

  let normalizer: Normalizer
  /// Added tokens looked for in the raw text.
  let rawMatcher: AddedTokenMatcher
  /// Added tokens looked for in normalized text.
  let normalizedMatcher: AddedTokenMatcher
  let model: WordPieceModel

  /// A tokenizer of the given parts.
  ///
  /// - Parameters:
  ///   - vocabulary: The tokens by ID.
  ///   - options: The normalizer's flags.
  ///   - specialTokenNames: The strings of the special tokens.
  ///   - addedTokens: Tokens recognised as a whole besides the special ones; one with the content
  ///     of a special token says with which flags that is recognised.
  ///   - maxInputCharsPerWord: The longest word, in code points of the normalized word, that is not
  ///     unknown as a whole.
  ///   - cleansUpDecodedText: Whether decoding removes spaces before punctuation and English
  ///     contractions.
  ///   - storedOptions: The truncation and padding to keep in the tokenizer's files.
  ///   - source: Where the vocabulary comes from, for error messages.
  /// - Throws: ``TokenizerError/missingSpecialToken(role:token:source:)`` where the vocabulary and
  ///   `addedTokens` lack a special token.
  public init(
    vocabulary: Vocabulary, options: NormalizerOptions = .uncased,
    specialTokenNames: SpecialTokens.Names = SpecialTokens.Names(),
    addedTokens: [AddedToken] = [],
    maxInputCharsPerWord: Int = WordPieceTokenizer.defaultMaxInputCharsPerWord,
    cleansUpDecodedText: Bool = true, storedOptions: EncodeOptions = .default,
    source: String = "given"
  ) throws {
    precondition(maxInputCharsPerWord >= 0, "a limit is not negative")
    let special = try SpecialTokens(
      names: specialTokenNames, vocabulary: vocabulary, addedTokens: addedTokens, source: source)
    var all: [AddedToken] = []
    for token in addedTokens where !all.contains(where: { $0.id == token.id }) {
      all.append(token)
    }
    for token in special.tokens where !all.contains(where: { $0.id == token.id }) {
      all.append(token)
    }
    self.vocabulary = vocabulary
    self.options = options
    self.cleansUpDecodedText = cleansUpDecodedText
    self.storedOptions = storedOptions
    self.specialTokens = special
    self.addedTokens = all.sorted { $0.id < $1.id }
    vocabularySize = max(vocabulary.count, Int(all.map(\.id).max() ?? -1) + 1)
    let normalizer = Normalizer(options: options)
    self.normalizer = normalizer
    // Decides between contents that are equal once normalized, which the reference leaves open.
    all.sort { ($0.isSpecial ? 0 : 1, $0.id) < ($1.isSpecial ? 0 : 1, $1.id) }
    rawMatcher = AddedTokenMatcher(
      all.filter { !$0.normalized }.map { ($0.content.unicodeScalars.map(\.value), $0) })
    normalizedMatcher = AddedTokenMatcher(
      all.filter(\.normalized).map { token in
        let content = NormalizedText(scalars: token.content.unicodeScalars.map(\.value))
        return (normalizer.normalize(content).scalars, token)
      })
    model = WordPieceModel(
      trie: vocabulary.trie, unknownID: special.unknownID,
      maxInputCharsPerWord: maxInputCharsPerWord)
  }

  /// Whether a chunk's IDs do not depend on what is beyond the boundaries of the fast path.
  var tokensStayInChunks: Bool {
    !rawMatcher.containsChunkBoundary && !normalizedMatcher.containsChunkBoundary
  }

  /// Whether that holds for what tokens cover, too.
  var offsetsStayInChunks: Bool {
    tokensStayInChunks && !rawMatcher.strips && !normalizedMatcher.strips
  }

  /// The string of a token.
  ///
  /// - Parameter id: An ID in `0..<vocabularySize`.
  /// - Returns: The token; empty for an ID between the vocabulary and an added token.
  /// - Precondition: The ID is in range.
  public func token(_ id: Int32) -> String {
    precondition(id >= 0 && Int(id) < vocabularySize, "token ID \(id) is not in the vocabulary")
    return tokenIfKnown(id) ?? ""
  }

  /// The ID of a token, compared byte by byte; nil where there is none.
  ///
  /// - Parameter token: The token's string.
  /// - Returns: Its ID.
  public func id(of token: String) -> Int32? {
    addedTokens.first { $0.content.utf8.elementsEqual(token.utf8) }?.id ?? vocabulary.id(of: token)
  }

  /// Longest word where nothing else is said, in code points: the reference's limit.
  public static let defaultMaxInputCharsPerWord = 100

  /// An encoder with a cache of its own, for one thread.
  public func makeTokenIDEncoder() -> TokenIDEncoder { TokenIDEncoder(self) }

  func tokenIfKnown(_ id: Int32) -> String? {
    if let added = addedTokens.first(where: { $0.id == id }) { return added.content }
    return id >= 0 && Int(id) < vocabulary.count ? vocabulary.token(id) : nil
  }
}
