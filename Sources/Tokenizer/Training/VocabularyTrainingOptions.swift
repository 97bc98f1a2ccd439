/// What a vocabulary is to be.
public struct VocabularyTrainingOptions: Sendable, Hashable {
  /// Tokens of the vocabulary, special ones included.
  public var size: Int
  /// How often two neighbouring pieces have to occur to be joined.
  public var minFrequency: UInt64
  /// Most characters of the alphabet; the commonest stay, of equally common ones those of lower
  /// code points.
  public var alphabetLimit: Int
  /// Characters that are in the alphabet whether they occur or not; they count in the limit.
  public var initialAlphabet: String
  /// The first tokens, in order of IDs; one that is there twice counts once.
  public var specialTokens: [String]

  /// The names of BERT's special tokens, in the order of the reference's script.
  public static let bertSpecialTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

  /// BERT's size, and the defaults of the reference's `BertWordPieceTokenizer.train`.
  ///
  /// - Parameters:
  ///   - size: Tokens of the vocabulary, at least 1.
  ///   - minFrequency: How often two neighbouring pieces have to occur to be joined.
  ///   - alphabetLimit: Most characters of the alphabet, at least 1.
  ///   - initialAlphabet: Characters that are in the alphabet in any case.
  ///   - specialTokens: The first tokens; none empty, with white space at its end or a line feed.
  public init(
    size: Int = 30_522, minFrequency: UInt64 = 2, alphabetLimit: Int = 1000,
    initialAlphabet: String = "", specialTokens: [String] = bertSpecialTokens
  ) {
    self.size = size
    self.minFrequency = minFrequency
    self.alphabetLimit = alphabetLimit
    self.initialAlphabet = initialAlphabet
    self.specialTokens = specialTokens
  }

  /// Checks what can be checked without a text.
  ///
  /// - Throws: ``TokenizerError/invalidTrainingOption(name:value:allowed:)``.
  public func validate() throws {
    func check(_ isAllowed: Bool, _ name: String, _ value: String, _ allowed: String) throws {
      guard isAllowed else {
        throw TokenizerError.invalidTrainingOption(name: name, value: value, allowed: allowed)
      }
    }
    try check(
      (1...Self.maxSize).contains(size), "size", "\(size)", "between 1 and \(Self.maxSize)")
    try check(
      (1...0x11_0000).contains(alphabetLimit), "alphabet limit", "\(alphabetLimit)",
      "between 1 and 1114112")
    for scalar in initialAlphabet.unicodeScalars {
      let isSpace = UnicodeTables.shared.properties(of: scalar.value).contains(.whitespace)
      let code = String(scalar.value, radix: 16, uppercase: true)
      try check(!isSpace, "initial alphabet", "one with U+\(code)", "of characters of words")
    }
    for token in specialTokens {
      let bytes = Array(token.utf8)
      let length = bytes.withUnsafeBytes { Vocabulary.tokenLength(ofLine: $0) }
      try check(
        !token.isEmpty && length == bytes.count && !bytes.contains(UInt8(ascii: "\n")),
        "special token", "'\(token)'", "a text that does not end in white space")
    }
  }

  /// A vocabulary file of more tokens could not be loaded.
  private static let maxSize = Vocabulary.maxBytes
}
