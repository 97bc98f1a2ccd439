/// The sections of a `tokenizer.json`, read as far as they are supported.
struct FastTokenizerSections {
  let file: JSONObject
  /// Whether a section that is not there at all counts as the `null` that it stands for.
  let isComplete: Bool

  /// Throws unless every section is of the kind that BERT's tokenizer has.
  func checkKinds() throws {
    for (key, kinds) in [
      ("normalizer", ["BertNormalizer"]), ("pre_tokenizer", ["BertPreTokenizer"]),
      ("post_processor", ["TemplateProcessing", "BertProcessing"]), ("decoder", ["WordPiece"]),
    ] where isComplete || file.mentions(key) {
      let names = kinds.map { "\"\($0)\"" }.joined(separator: " or ")
      guard let section = try file.object(key) else {
        throw file.unsupported(key, expected: "an object of type \(names)")
      }
      guard let type = try section.string("type"), kinds.contains(type) else {
        throw section.unsupported("type", expected: names)
      }
    }
    guard let model = try file.object("model") else { return }
    if model.has("type"), try model.string("type") != "WordPiece" {
      throw model.unsupported("type", expected: "\"WordPiece\"")
    }
    if let prefix = try model.string("continuing_subword_prefix"), prefix != "##" {
      throw model.unsupported("continuing_subword_prefix", expected: "\"##\"")
    }
    if let decoder = try file.object("decoder"), let prefix = try decoder.string("prefix"),
      prefix != "##"
    {
      throw decoder.unsupported("prefix", expected: "\"##\"")
    }
  }

  /// The normalizer's flags, nil where nothing is said.
  func normalizer() throws -> NormalizerOptions? {
    guard let normalizer = try file.object("normalizer") else { return nil }
    return NormalizerOptions(
      cleanText: try normalizer.bool("clean_text") ?? true,
      handleChineseChars: try normalizer.bool("handle_chinese_chars") ?? true,
      stripAccents: try normalizer.bool("strip_accents"),
      lowercase: try normalizer.bool("lowercase") ?? true)
  }

  /// The model's unknown token, nil where nothing is said.
  func unknownToken() throws -> String? { try file.object("model")?.string("unk_token") }

  /// The longest word that is not unknown as a whole, nil where nothing is said.
  func maxInputCharsPerWord() throws -> Int? {
    try file.object("model")?.integer("max_input_chars_per_word", in: 0...Int(Int32.max))
  }

  /// Whether decoding removes spaces before punctuation, nil where nothing is said.
  func cleanup() throws -> Bool? { try file.object("decoder")?.bool("cleanup") }

  /// The truncation that `tokenizers` applies without being told, nil for none.
  func truncation() throws -> Truncation? {
    guard let section = try file.object("truncation") else { return nil }
    guard let maxLength = try section.integer("max_length", in: 0...Self.longest) else {
      throw section.unsupported("max_length", expected: "a whole number")
    }
    return Truncation(
      maxLength: maxLength, stride: try section.integer("stride", in: 0...Self.longest) ?? 0,
      strategy: try section.choice("strategy", Self.strategies) ?? .longestFirst,
      direction: try section.choice("direction", Self.directions) ?? .right)
  }

  /// The padding that `tokenizers` applies without being told, and its token; nil for none.
  func padding() throws -> (padding: Padding, token: String)? {
    guard let section = try file.object("padding") else { return nil }
    var length = Padding.Length.longest
    if let strategy = try? section.object("strategy") {
      guard let count = try strategy.integer("Fixed", in: 0...Self.longest) else {
        throw strategy.unsupported("Fixed", expected: "a whole number")
      }
      length = .fixed(count)
    } else if try section.string("strategy") ?? "BatchLongest" != "BatchLongest" {
      throw section.unsupported("strategy", expected: "\"BatchLongest\" or {\"Fixed\": length}")
    }
    let multiple = try section.integer("pad_to_multiple_of", in: 0...Self.longest) ?? 0
    let token = try section.string("pad_token") ?? "[PAD]"
    let padding = Padding(
      length: length, multipleOf: multiple == 0 ? nil : multiple,
      direction: try section.choice("direction", Self.directions) ?? .right,
      id: Int32(try section.integer("pad_id", in: 0...Int(Int32.max)) ?? 0), token: token,
      typeID: Int32(try section.integer("pad_type_id", in: 0...Int(Int32.max)) ?? 0))
    return (padding, token)
  }

  /// Far above any model's, and low enough that nothing overflows and memory suffices.
  private static let longest = 1 << 24

  static let directions: [(name: String, value: SequenceSide)] = [
    ("Right", .right), ("Left", .left),
  ]
  static let strategies: [(name: String, value: Truncation.Strategy)] = [
    ("LongestFirst", .longestFirst), ("OnlyFirst", .onlyFirst), ("OnlySecond", .onlySecond),
  ]
}
