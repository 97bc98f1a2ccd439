import Foundation

/// What the files beside a vocabulary say about its tokenizer.
struct TokenizerConfiguration {
  var options = NormalizerOptions.uncased
  var names = SpecialTokens.Names()
  var addedTokens: [AddedToken] = []
  var maxInputCharsPerWord = WordPieceTokenizer.defaultMaxInputCharsPerWord
  var cleansUpDecodedText = true
  var storedOptions = EncodeOptions.default

  /// Reads `tokenizer.json`, then `special_tokens_map.json`, then `tokenizer_config.json`; the
  /// later ones have the last word on what they name, as in `transformers`.
  ///
  /// - Parameters:
  ///   - configuration: A `tokenizer_config.json`.
  ///   - specialTokens: A `special_tokens_map.json`.
  ///   - fastTokenizer: A `tokenizer.json`.
  ///   - isComplete: Whether `tokenizer.json` has to have every section, as it is the source of the
  ///     vocabulary.
  ///   - vocabulary: The tokens by ID.
  /// - Throws: ``TokenizerError`` for what is malformed or not supported.
  init(
    configuration: URL?, specialTokens: URL?, fastTokenizer: JSONObject?, isComplete: Bool = false,
    vocabulary: Vocabulary
  ) throws {
    var templateTokens: [FastTokenizerSections.TemplateToken] = []
    if let fastTokenizer {
      let sections = FastTokenizerSections(file: fastTokenizer, isComplete: isComplete)
      try sections.checkKinds()
      try apply(sections, vocabulary)
      templateTokens = try sections.templateTokens()
      for token in templateTokens { names.set(token.role, token.name) }
    }
    if let specialTokens { try applyNames(of: JSONObject(contentsOf: specialTokens)) }
    if let configuration {
      try apply(configuration: JSONObject(contentsOf: configuration), vocabulary)
    }
    for token in templateTokens { try check(token, vocabulary) }
  }

  private mutating func apply(
    _ sections: FastTokenizerSections, _ vocabulary: Vocabulary
  ) throws {
    if let normalizer = try sections.normalizer() { options = normalizer }
    if let name = try sections.unknownToken() { names.unknown = name }
    if let limit = try sections.maxInputCharsPerWord() { maxInputCharsPerWord = limit }
    if let cleanup = try sections.cleanup() { cleansUpDecodedText = cleanup }
    let padding = try sections.padding()
    if let padding { names.pad = padding.token }
    storedOptions = EncodeOptions(truncation: try sections.truncation(), padding: padding?.padding)
    if let added = try sections.file.objects("added_tokens") {
      try setAddedTokens(
        added.map { object in
          guard let id = try object.integer("id") else {
            throw object.unsupported("id", expected: "a whole number")
          }
          return (object, id)
        }, idKey: "id", vocabulary)
    }
  }

  private mutating func apply(configuration: JSONObject, _ vocabulary: Vocabulary) throws {
    if let name = try configuration.string("tokenizer_class") {
      let bare = name.hasSuffix("Fast") ? String(name.dropLast(4)) : name
      guard Self.supportedClasses.contains(bare) else {
        throw configuration.unsupported(
          "tokenizer_class", expected: "a BERT tokenizer such as \"BertTokenizer\"")
      }
    }
    try applyNames(of: configuration)
    if let flag = try configuration.bool("do_lower_case") { options.lowercase = flag }
    if let flag = try configuration.bool("strip_accents") { options.stripAccents = flag }
    if let flag = try configuration.bool("tokenize_chinese_chars") {
      options.handleChineseChars = flag
    }
    if let flag = try configuration.bool("clean_text") { options.cleanText = flag }
    if let added = try configuration.object("added_tokens_decoder") {
      let tokens = try added.keys.map { key in
        guard let object = try added.object(key), let id = Int(key) else {
          throw added.unsupported(key, expected: "a token under its ID")
        }
        return (object, id)
      }
      try setAddedTokens(tokens, idKey: "content", vocabulary)
    }
  }

  private mutating func applyNames(of object: JSONObject) throws {
    for role in ["pad", "unk", "cls", "sep", "mask"] {
      if let name = try object.token(role + "_token") { names.set(role, name) }
    }
  }

  /// Takes a list of added tokens with their IDs in place of what there was.
  private mutating func setAddedTokens(
    _ tokens: [(object: JSONObject, id: Int)], idKey: String, _ vocabulary: Vocabulary
  ) throws {
    addedTokens = []
    var beyond = Set<Int32>()
    for (object, id) in tokens {
      let token = try Self.addedToken(
        object, id: id, idKey: idKey, vocabulary, count: tokens.count)
      if Int(token.id) >= vocabulary.count, !beyond.insert(token.id).inserted {
        throw object.unsupported(idKey, expected: "an ID that no other token has")
      }
      addedTokens.append(token)
    }
    // The reference numbers them without gaps, whatever the file says.
    guard let last = beyond.max(), Int(last) >= vocabulary.count + beyond.count else { return }
    let (object, _) = tokens.first { $0.id == Int(last) } ?? tokens[0]
    throw object.unsupported(
      idKey, expected: "a token of the vocabulary, or one numbered right after it")
  }

  /// One added token; a vocabulary's own ID goes before the one written in the file.
  private static func addedToken(
    _ object: JSONObject, id: Int, idKey: String, _ vocabulary: Vocabulary, count: Int
  ) throws -> AddedToken {
    guard let content = try object.string("content"), !content.isEmpty else {
      throw object.unsupported("content", expected: "a string that is not empty")
    }
    let isSpecial = try object.bool("special") ?? false
    var token = AddedToken(
      content: content, id: 0, isSpecial: isSpecial,
      normalized: try object.bool("normalized") ?? !isSpecial,
      singleWord: try object.bool("single_word") ?? false,
      lstrip: try object.bool("lstrip") ?? false, rstrip: try object.bool("rstrip") ?? false)
    if let known = vocabulary.id(of: content) {
      token.id = known
      return token
    }
    guard id >= vocabulary.count, id < vocabulary.count + count, let id = Int32(exactly: id) else {
      throw object.unsupported(
        idKey, expected: "a token of the vocabulary, or one numbered right after it")
    }
    token.id = id
    return token
  }

  /// Throws where the template puts another ID in than the tokenizer would.
  private func check(
    _ token: FastTokenizerSections.TemplateToken, _ vocabulary: Vocabulary
  ) throws {
    guard let name = names.byRole.first(where: { $0.role == token.role })?.token,
      name.utf8.elementsEqual(token.name.utf8)
    else { return }
    let added = addedTokens.first { $0.content.utf8.elementsEqual(name.utf8) }
    guard let id = added?.id ?? vocabulary.id(of: name), Int(id) != token.id else { return }
    throw token.mismatch(Int(id))
  }

  /// Classes whose fast tokenizer is BERT's; the template of each is `[CLS] A [SEP] B [SEP]`.
  private static let supportedClasses: Set<String> = [
    "BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer",
    "ConvBertTokenizer", "SqueezeBertTokenizer", "PreTrainedTokenizer", "TokenizersBackend",
  ]
}

extension SpecialTokens.Names {
  /// Names the token of a role, as in the key `<role>_token`.
  fileprivate mutating func set(_ role: String, _ name: String) {
    switch role {
    case "pad": pad = name
    case "unk": unknown = name
    case "cls": classify = name
    case "sep": separator = name
    default: mask = name
    }
  }
}
