public import Foundation

extension WordPieceTokenizer {
  /// Writes `vocab.txt` and `tokenizer_config.json`, which `transformers` loads as a BERT
  /// tokenizer; the folder is made where it is missing, each file is replaced at once.
  ///
  /// - Parameters:
  ///   - folder: The folder to write to.
  ///   - modelMaxLength: Most tokens of the model's sequences, for `model_max_length`.
  /// - Throws: ``TokenizerError/unwritableFile(path:reason:)``, and
  ///   ``TokenizerError/invalidVocabulary(source:reason:)`` for a token that a line cannot hold.
  public func save(to folder: URL, modelMaxLength: Int = 512) throws {
    var id = 0
    try vocabulary.forEachToken { bytes in
      defer { id += 1 }
      guard bytes.withUnsafeBytes({ Vocabulary.tokenLength(ofLine: $0) }) == bytes.count,
        !bytes.contains(UInt8(ascii: "\n"))
      else {
        throw TokenizerError.invalidVocabulary(
          source: "given",
          reason: "token \(id) ends in white space or has a line feed, which vocab.txt cannot keep")
      }
    }
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw TokenizerError.unwritableFile(path: folder.path, reason: error.localizedDescription)
    }
    var lines = Data()
    vocabulary.forEachToken { token in
      lines.append(contentsOf: token)
      lines.append(UInt8(ascii: "\n"))
    }
    let configuration = try JSONSerialization.data(
      withJSONObject: configurationObject(modelMaxLength: modelMaxLength),
      options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    try write(lines, to: folder.appending(path: TokenizerFiles.vocabulary))
    try write(configuration, to: folder.appending(path: TokenizerFiles.configuration))
  }

  private func write(_ data: Data, to url: URL) throws {
    do {
      try data.write(to: url, options: .atomic)
    } catch {
      throw TokenizerError.unwritableFile(path: url.path, reason: error.localizedDescription)
    }
  }

  private func configurationObject(modelMaxLength: Int) -> [String: Any] {
    var object: [String: Any] = [
      "tokenizer_class": "BertTokenizer",
      "do_lower_case": options.lowercase,
      "strip_accents": options.stripAccents.map { $0 as Any } ?? NSNull(),
      "tokenize_chinese_chars": options.handleChineseChars,
      "model_max_length": modelMaxLength,
      "padding_side": "right",
      "truncation_side": "right",
    ]
    // Read back by this package; `transformers` always cleans.
    if !options.cleanText { object["clean_text"] = false }
    for (role, token) in specialTokens.names.byRole { object[role + "_token"] = token }
    var decoder: [String: Any] = [:]
    for token in addedTokens {
      decoder[String(token.id)] = [
        "content": token.content, "special": token.isSpecial, "normalized": false,
        "single_word": false, "lstrip": false, "rstrip": false,
      ]
    }
    object["added_tokens_decoder"] = decoder
    return object
  }
}
