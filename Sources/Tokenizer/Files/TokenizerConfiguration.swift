import Foundation

/// What the files beside a vocabulary say about its tokenizer.
struct TokenizerConfiguration {
  var options = NormalizerOptions.uncased
  var names = SpecialTokens.Names()
  var addedTokens: [AddedToken] = []

  /// Reads `tokenizer.json`, then `special_tokens_map.json`, then `tokenizer_config.json`; the
  /// later ones have the last word on what they name, as in `transformers`.
  init(
    configuration: URL?, specialTokens: URL?, fastTokenizer: URL?, vocabulary: Vocabulary
  ) throws {
    if let fastTokenizer {
      try apply(fastTokenizer: JSONObject(contentsOf: fastTokenizer), vocabulary)
    }
    if let specialTokens { try applyNames(of: JSONObject(contentsOf: specialTokens)) }
    if let configuration {
      try apply(configuration: JSONObject(contentsOf: configuration), vocabulary)
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
      addedTokens = try added.keys.compactMap { key in
        guard let object = try added.object(key), let id = Int(key) else {
          throw added.unsupported(key, expected: "a token under its ID")
        }
        return try addedToken(object, id: id, idKey: "content", vocabulary, count: added.keys.count)
      }
    }
  }

  private mutating func apply(fastTokenizer: JSONObject, _ vocabulary: Vocabulary) throws {
    if let model = try fastTokenizer.object("model"), model.has("type"),
      try model.string("type") != "WordPiece"
    {
      throw model.unsupported("type", expected: "\"WordPiece\"")
    }
    if let normalizer = try fastTokenizer.object("normalizer") {
      guard try normalizer.string("type") == "BertNormalizer" else {
        throw normalizer.unsupported("type", expected: "\"BertNormalizer\"")
      }
      options.cleanText = try normalizer.bool("clean_text") ?? true
      options.handleChineseChars = try normalizer.bool("handle_chinese_chars") ?? true
      options.stripAccents = try normalizer.bool("strip_accents")
      options.lowercase = try normalizer.bool("lowercase") ?? true
    }
    if let added = try fastTokenizer.objects("added_tokens") {
      addedTokens = try added.map { object in
        guard let id = try object.integer("id") else {
          throw object.unsupported("id", expected: "a whole number")
        }
        return try addedToken(object, id: id, idKey: "id", vocabulary, count: added.count)
      }
    }
  }

  private mutating func applyNames(of object: JSONObject) throws {
    if let name = try object.token("pad_token") { names.pad = name }
    if let name = try object.token("unk_token") { names.unknown = name }
    if let name = try object.token("cls_token") { names.classify = name }
    if let name = try object.token("sep_token") { names.separator = name }
    if let name = try object.token("mask_token") { names.mask = name }
  }

  /// One added token; a vocabulary's own ID goes before the one written in the file.
  private func addedToken(
    _ object: JSONObject, id: Int, idKey: String, _ vocabulary: Vocabulary, count: Int
  ) throws -> AddedToken {
    guard let content = try object.string("content"), !content.isEmpty else {
      throw object.unsupported("content", expected: "a string that is not empty")
    }
    for flag in ["single_word", "lstrip", "rstrip"] where try object.bool(flag) == true {
      throw object.unsupported(flag, expected: "false: this option is not supported")
    }
    let isSpecial = try object.bool("special") ?? false
    if try object.bool("normalized") ?? !isSpecial {
      throw object.unsupported("normalized", expected: "false: this option is not supported")
    }
    if let known = vocabulary.id(of: content) {
      return AddedToken(content: content, id: known, isSpecial: isSpecial)
    }
    guard id >= vocabulary.count, id < vocabulary.count + count else {
      throw object.unsupported(
        idKey, expected: "a token of the vocabulary, or one numbered right after it")
    }
    return AddedToken(content: content, id: Int32(id), isSpecial: isSpecial)
  }

  /// Classes whose fast tokenizer is BERT's; the template of each is `[CLS] A [SEP] B [SEP]`.
  private static let supportedClasses: Set<String> = [
    "BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer",
    "ConvBertTokenizer", "SqueezeBertTokenizer", "PreTrainedTokenizer", "TokenizersBackend",
  ]
}
