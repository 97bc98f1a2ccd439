public import Foundation

extension WordPieceTokenizer {
  /// Writes `vocab.txt`, `tokenizer_config.json` and `tokenizer.json`, which `transformers` and
  /// `tokenizers` load as the same tokenizer; equal tokenizers give equal bytes.
  ///
  /// The folder is made where it is missing, each file is replaced at once.
  ///
  /// - Parameters:
  ///   - folder: The folder to write to.
  ///   - modelMaxLength: Most tokens of the model's sequences, for `model_max_length`.
  /// - Throws: ``TokenizerError/unwritableFile(path:reason:)``, and
  ///   ``TokenizerError/invalidVocabulary(source:reason:)`` for a token that a line cannot hold and
  ///   for gaps between the IDs of added tokens.
  public func save(to folder: URL, modelMaxLength: Int = 512) throws {
    let lines = try vocabularyLines()
    let fastTokenizer = try FastTokenizerText(tokenizer: self).data()
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw TokenizerError.unwritableFile(path: folder.path, reason: error.localizedDescription)
    }
    let configuration = try JSONSerialization.data(
      withJSONObject: configurationObject(modelMaxLength: modelMaxLength),
      options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    for (name, data) in [
      (TokenizerFiles.vocabulary, lines), (TokenizerFiles.configuration, configuration),
      (TokenizerFiles.fastTokenizer, fastTokenizer),
    ] { try FileReplacement.write(data, to: folder.appending(path: name)) }
  }

  private func vocabularyLines() throws -> Data {
    var lines: [UInt8] = []
    var id = 0
    try vocabulary.forEachToken { token in
      guard token.withUnsafeBytes({ Vocabulary.tokenLength(ofLine: $0) }) == token.count,
        !token.contains(UInt8(ascii: "\n"))
      else {
        throw TokenizerError.invalidVocabulary(
          source: "given",
          reason: "token \(id) ends in white space or has a line feed, which vocab.txt cannot keep")
      }
      lines += token
      lines.append(UInt8(ascii: "\n"))
      id += 1
    }
    return Data(lines)
  }

  /// Whether `transformers` makes this tokenizer of its own class for BERT, which has a fixed limit
  /// of 100 code points a word and always cleans; of its general class it is as `tokenizer.json` says.
  private var isBertTokenizer: Bool {
    options.cleanText && cleansUpDecodedText
      && model.maxInputCharsPerWord == Self.defaultMaxInputCharsPerWord
  }

  private func configurationObject(modelMaxLength: Int) -> [String: Any] {
    var object: [String: Any] = [
      "tokenizer_class": isBertTokenizer ? "BertTokenizer" : "PreTrainedTokenizerFast",
      "do_lower_case": options.lowercase,
      "strip_accents": options.stripAccents.map { $0 as Any } ?? NSNull(),
      "tokenize_chinese_chars": options.handleChineseChars,
      "model_max_length": modelMaxLength,
      "padding_side": (storedOptions.padding?.direction ?? .right).rawValue,
      "truncation_side": (storedOptions.truncation?.direction ?? .right).rawValue,
    ]
    // For this package where tokenizer.json is taken away; `transformers` does not read it.
    if !options.cleanText { object["clean_text"] = false }
    for (role, token) in specialTokens.names.byRole { object[role + "_token"] = token }
    var decoder: [String: Any] = [:]
    for token in addedTokens {
      decoder[String(token.id)] = FastTokenizerText.object(token, id: false)
    }
    object["added_tokens_decoder"] = decoder
    return object
  }
}
