/// The tokens that stand for something other than text.
public struct SpecialTokens: Sendable, Hashable {
  /// The strings of the special tokens.
  public struct Names: Sendable, Hashable {
    /// Fills a sequence up to a length.
    public var pad: String
    /// Stands for a word that the vocabulary cannot spell.
    public var unknown: String
    /// Begins a sequence.
    public var classify: String
    /// Ends a sequence.
    public var separator: String
    /// Hides a token that a model is to predict.
    public var mask: String

    /// BERT's names, where not said otherwise.
    ///
    /// - Parameters:
    ///   - pad: Fills a sequence up to a length.
    ///   - unknown: Stands for a word that the vocabulary cannot spell.
    ///   - classify: Begins a sequence.
    ///   - separator: Ends a sequence.
    ///   - mask: Hides a token that a model is to predict.
    public init(
      pad: String = "[PAD]", unknown: String = "[UNK]", classify: String = "[CLS]",
      separator: String = "[SEP]", mask: String = "[MASK]"
    ) {
      self.pad = pad
      self.unknown = unknown
      self.classify = classify
      self.separator = separator
      self.mask = mask
    }

    /// Role (as in the key `<role>_token` of a configuration) and string, in a fixed order.
    var byRole: [(role: String, token: String)] {
      [
        ("pad", pad), ("unk", unknown), ("cls", classify), ("sep", separator), ("mask", mask),
      ]
    }
  }

  /// The strings.
  public let names: Names
  /// ID of the padding token.
  public let padID: Int32
  /// ID of the unknown token.
  public let unknownID: Int32
  /// ID of the token that begins a sequence.
  public let classifyID: Int32
  /// ID of the token that ends a sequence.
  public let separatorID: Int32
  /// ID of the mask token.
  public let maskID: Int32

  /// All IDs, ascending.
  public var ids: [Int32] { [padID, unknownID, classifyID, separatorID, maskID].sorted() }

  /// The five as added tokens, recognised in raw text.
  var tokens: [AddedToken] {
    [
      AddedToken(content: names.pad, id: padID), AddedToken(content: names.unknown, id: unknownID),
      AddedToken(content: names.classify, id: classifyID),
      AddedToken(content: names.separator, id: separatorID),
      AddedToken(content: names.mask, id: maskID),
    ]
  }

  /// Looks the special tokens up, among added tokens first and then in a vocabulary.
  init(
    names: Names, vocabulary: Vocabulary, addedTokens: [AddedToken], source: String
  ) throws {
    func id(_ role: String, _ name: String) throws -> Int32 {
      if let added = addedTokens.first(where: { $0.content.utf8.elementsEqual(name.utf8) }) {
        return added.id
      }
      guard let id = vocabulary.id(of: name) else {
        throw TokenizerError.missingSpecialToken(role: role, token: name, source: source)
      }
      return id
    }
    self.names = names
    padID = try id("pad", names.pad)
    unknownID = try id("unk", names.unknown)
    classifyID = try id("cls", names.classify)
    separatorID = try id("sep", names.separator)
    maskID = try id("mask", names.mask)
  }
}
