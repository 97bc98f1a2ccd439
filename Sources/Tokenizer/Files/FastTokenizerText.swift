import Foundation

/// A tokenizer as the text of a `tokenizer.json`: one line a section, one line an entry.
///
/// Keys are sorted and nothing depends on anything but the tokenizer: equal tokenizers, equal bytes.
struct FastTokenizerText {
  let tokenizer: WordPieceTokenizer

  /// The whole file.
  ///
  /// - Throws: ``TokenizerError/invalidVocabulary(source:reason:)`` for added tokens past the
  ///   vocabulary's end with gaps between them, which `tokenizers` would number anew.
  func data() throws -> Data {
    let beyond = tokenizer.addedTokens.filter { Int($0.id) >= tokenizer.vocabulary.count }
    guard beyond.count == tokenizer.vocabularySize - tokenizer.vocabulary.count else {
      throw TokenizerError.invalidVocabulary(
        source: "given",
        reason: "added tokens past its end have gaps between their IDs, which tokenizer.json cannot"
          + " keep")
    }
    var text = Data("{\n".utf8)
    for (key, value) in sections {
      text.append(contentsOf: Data("\"\(key)\": ".utf8))
      text.append(try Self.line(value))
      text.append(contentsOf: Data(",\n".utf8))
    }
    let unknown = String(
      decoding: try Self.line(tokenizer.specialTokens.names.unknown), as: UTF8.self)
    let model = [
      "\"model\": {\"type\":\"WordPiece\"", "\"unk_token\":\(unknown)",
      "\"continuing_subword_prefix\":\"##\"",
      "\"max_input_chars_per_word\":\(tokenizer.model.maxInputCharsPerWord)", "\"vocab\":{",
    ]
    text.append(contentsOf: Data(model.joined(separator: ",").utf8))
    appendVocabulary(to: &text)
    text.append(contentsOf: Data("\n}}\n}\n".utf8))
    return text
  }

  private static func line(_ value: Any) throws -> Data {
    try JSONSerialization.data(
      withJSONObject: value, options: [.sortedKeys, .withoutEscapingSlashes, .fragmentsAllowed])
  }

  private var sections: [(key: String, value: Any)] {
    let special = tokenizer.specialTokens
    let (options, stored) = (tokenizer.options, tokenizer.storedOptions)
    return [
      ("version", "1.0"), ("truncation", stored.truncation.map(Self.object) ?? NSNull()),
      ("padding", stored.padding.map(object) ?? NSNull()),
      ("added_tokens", tokenizer.addedTokens.map { Self.object($0, id: true) }),
      (
        "normalizer",
        [
          "type": "BertNormalizer", "clean_text": options.cleanText,
          "handle_chinese_chars": options.handleChineseChars,
          "strip_accents": options.stripAccents.map { $0 as Any } ?? NSNull(),
          "lowercase": options.lowercase,
        ]
      ), ("pre_tokenizer", ["type": "BertPreTokenizer"]),
      ("post_processor", Self.template(special)),
      (
        "decoder",
        ["type": "WordPiece", "prefix": "##", "cleanup": tokenizer.cleansUpDecodedText]
          as [String: Any]
      ),
    ]
  }

  /// An added token as the files have it.
  static func object(_ token: AddedToken, id: Bool) -> [String: Any] {
    var object: [String: Any] = [
      "content": token.content, "special": token.isSpecial, "normalized": token.normalized,
      "single_word": token.singleWord, "lstrip": token.lstrip, "rstrip": token.rstrip,
    ]
    if id { object["id"] = Int(token.id) }
    return object
  }

  private static func object(_ truncation: Truncation) -> Any {
    [
      "max_length": truncation.maxLength, "stride": truncation.stride,
      "strategy": name(truncation.strategy, FastTokenizerSections.strategies),
      "direction": name(truncation.direction, FastTokenizerSections.directions),
    ] as [String: Any]
  }

  private func object(_ padding: Padding) -> Any {
    let strategy: Any =
      switch padding.length {
      case .longest: "BatchLongest"
      case .fixed(let count): ["Fixed": count]
      }
    return [
      "strategy": strategy,
      "direction": Self.name(padding.direction, FastTokenizerSections.directions),
      "pad_to_multiple_of": padding.multipleOf.map { $0 as Any } ?? NSNull(),
      "pad_id": Int(padding.id ?? tokenizer.specialTokens.padID),
      "pad_token": padding.token ?? tokenizer.specialTokens.names.pad,
      "pad_type_id": Int(padding.typeID),
    ] as [String: Any]
  }

  private static func name<Value: Equatable>(
    _ value: Value, _ names: [(name: String, value: Value)]
  ) -> String {
    names.first { $0.value == value }?.name ?? ""
  }

  private static func template(_ special: SpecialTokens) -> Any {
    func token(_ name: String, _ type: Int) -> Any {
      ["SpecialToken": ["id": name, "type_id": type] as [String: Any]]
    }
    func sequence(_ name: String, _ type: Int) -> Any {
      ["Sequence": ["id": name, "type_id": type] as [String: Any]]
    }
    let (classify, separator) = (special.names.classify, special.names.separator)
    let single = [token(classify, 0), sequence("A", 0), token(separator, 0)]
    func entry(_ name: String, _ id: Int32) -> Any {
      ["id": name, "ids": [Int(id)], "tokens": [name]] as [String: Any]
    }
    return [
      "type": "TemplateProcessing", "single": single,
      "pair": single + [sequence("B", 1), token(separator, 1)],
      "special_tokens": [
        classify: entry(classify, special.classifyID),
        separator: entry(separator, special.separatorID),
      ],
    ] as [String: Any]
  }

  /// One line an entry, in order of IDs; of equal tokens the last one, which counts.
  private func appendVocabulary(to text: inout Data) {
    var bytes: [UInt8] = []
    var id: Int32 = 0
    let hasEqualTokens = tokenizer.vocabulary.repeatedToken != nil
    tokenizer.vocabulary.forEachToken { token in
      defer { id += 1 }
      if hasEqualTokens, tokenizer.vocabulary.id(ofUTF8: token) != id { return }
      bytes += bytes.isEmpty ? "\n\"".utf8 : ",\n\"".utf8
      for byte in token {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
        case 0..<0x20: bytes += "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8
        default: bytes.append(byte)
        }
      }
      bytes += "\":\(id)".utf8
    }
    text.append(contentsOf: bytes)
  }
}
