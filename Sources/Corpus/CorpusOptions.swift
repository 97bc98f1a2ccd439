/// What determines the sequences of a corpus beside its text and tokenizer; kept in its manifest.
package struct CorpusOptions: Codable, Hashable, Sendable {
  /// Tokens of a sequence at most, `[CLS]` and `[SEP]` included; 3 to 65,535.
  package var maxLength: Int
  /// Whether a sequence may go on from one document of a file into the next.
  package var mixDocuments: Bool
  /// What counts as one document of a `.txt` file.
  package var documentUnit: DocumentUnit
  /// The field of a `.jsonl` record that holds the text.
  package var jsonField: String
  /// Applied to the text one after the other, before tokenization.
  package var replacements: [TextReplacement]
  /// A shard is closed after the block that reaches this many tokens; 1 to 2^30.
  package var shardTokens: Int

  /// Creates options; `CorpusBuilder.init` checks them.
  package init(
    maxLength: Int = 128, mixDocuments: Bool = false, documentUnit: DocumentUnit = .line,
    jsonField: String = "text", replacements: [TextReplacement] = [], shardTokens: Int = 1 << 20
  ) {
    self.maxLength = maxLength
    self.mixDocuments = mixDocuments
    self.documentUnit = documentUnit
    self.jsonField = jsonField
    self.replacements = replacements
    self.shardTokens = shardTokens
  }

  /// Throws `CorpusError.invalidOption` for the first value out of its range.
  func validate() throws {
    func require(_ holds: Bool, _ name: String, _ value: String, _ allowed: String) throws {
      guard holds else {
        throw CorpusError.invalidOption(name: name, value: value, allowed: allowed)
      }
    }
    try require(
      (3...65_535).contains(maxLength), "maximum length", "\(maxLength)", "from 3 to 65535")
    try require(
      (1...1 << 30).contains(shardTokens), "tokens per shard", "\(shardTokens)",
      "from 1 to \(1 << 30)")
    for replacement in replacements {
      // Text is read line by line, so a pattern across a line break would never be met.
      try require(
        !replacement.from.isEmpty && !replacement.from.utf8.contains(0x0A), "replacement",
        "\"\(replacement.from)\"", "a text that is not empty and has no line break")
    }
  }

  /// The fields that differ, as "name (here …, there …)".
  func differences(from other: CorpusOptions) -> [String] {
    var found: [String] = []
    func compare<Value: Equatable>(_ name: String, _ key: KeyPath<CorpusOptions, Value>) {
      if self[keyPath: key] != other[keyPath: key] {
        found.append("\(name) (asked \(self[keyPath: key]), there \(other[keyPath: key]))")
      }
    }
    compare("maximum length", \.maxLength)
    compare("mixing of documents", \.mixDocuments)
    compare("document unit", \.documentUnit.rawValue)
    compare("JSON field", \.jsonField)
    compare("replacements", \.replacementList)
    compare("tokens per shard", \.shardTokens)
    return found
  }

  private var replacementList: [String] {
    replacements.map { "\($0.from) → \($0.to)" }
  }
}
