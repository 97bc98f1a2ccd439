/// Where a document that is longer than a sequence may be cut.
package enum CutPoint: String, Codable, CaseIterable, Sendable {
  /// Exactly at the maximum length, also within a word.
  case token
  /// At the last start of a word that the length allows.
  case word
  /// At the last start of a sentence that the length allows; of a word where there is none.
  case sentence
}

/// What determines the sequences of a corpus beside its text and tokenizer; kept in its manifest.
package struct CorpusOptions: Hashable, Sendable {
  /// Tokens of a sequence at most, `[CLS]` and `[SEP]` included; 3 to 65,535.
  package var maxLength: Int
  /// Whether a sequence may go on from one document of a file into the next.
  package var mixDocuments: Bool
  /// What counts as one document of a `.txt` file.
  package var documentUnit: DocumentUnit
  /// Where the text of a `.jsonl` record is: a field, or a path such as `meta.body`.
  package var jsonField: String
  /// Applied to the text one after the other, before tokenization.
  package var replacements: [TextReplacement]
  /// A shard is closed after the block that reaches this many tokens; 1 to 2^30.
  package var shardTokens: Int
  /// Where documents are cut.
  package var cut = CutPoint.token
  /// Whether a document gives one sequence, and what is past the maximum length is dropped.
  package var onePerDocument = false
  /// Whether a document that was there before, byte for byte, is left out.
  package var deduplicate = false
  /// The share of documents that go to a corpus of their own, by their hash; 0 for none, below 1.
  package var heldOut = 0.0
  /// The column of a table that holds the text: a number from 1, or a name in the header.
  package var column: String?
  /// Whether tables begin with a header although the column is a number.
  package var hasHeader = false
  /// Whether lines that cannot be used are left out and counted, instead of ending the build.
  package var skipsBadLines = false

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
    try require(
      heldOut >= 0 && heldOut < 1, "held-out share", "\(heldOut)", "at least 0 and below 1")
    try require(
      !(mixDocuments && onePerDocument), "one sequence per document", "combined with mixing",
      "used without it")
    _ = try tableColumn()
  }

  /// The column of tables; nil where none was named.
  func tableColumn() throws -> TableColumn? {
    try column.map { try TableColumn($0, hasHeader: hasHeader) }
  }

  /// Whether documents are looked at as a whole before they are cut.
  var needsHashes: Bool { deduplicate || heldOut > 0 }

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
    compare("cut", \.cut.rawValue)
    compare("one sequence per document", \.onePerDocument)
    compare("removal of duplicates", \.deduplicate)
    compare("held-out share", \.heldOut)
    compare("column", \.columnName)
    compare("header", \.hasHeader)
    compare("skipping of bad lines", \.skipsBadLines)
    return found
  }

  private var columnName: String { column ?? "none" }

  private var replacementList: [String] {
    replacements.map { "\($0.from) → \($0.to)" }
  }
}

extension CorpusOptions: Codable {
  private enum Key: String, CodingKey {
    case maxLength, mixDocuments, documentUnit, jsonField, replacements, shardTokens
    case cut, onePerDocument, deduplicate, heldOut, column, hasHeader, skipsBadLines
  }

  /// Reads the options of a manifest; what older ones do not have was off.
  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    maxLength = try values.decode(Int.self, forKey: .maxLength)
    mixDocuments = try values.decode(Bool.self, forKey: .mixDocuments)
    documentUnit = try values.decode(DocumentUnit.self, forKey: .documentUnit)
    jsonField = try values.decode(String.self, forKey: .jsonField)
    replacements = try values.decode([TextReplacement].self, forKey: .replacements)
    shardTokens = try values.decode(Int.self, forKey: .shardTokens)
    cut = try values.decodeIfPresent(CutPoint.self, forKey: .cut) ?? .token
    func flag(_ key: Key) throws -> Bool {
      try values.decodeIfPresent(Bool.self, forKey: key) ?? false
    }
    onePerDocument = try flag(.onePerDocument)
    deduplicate = try flag(.deduplicate)
    heldOut = try values.decodeIfPresent(Double.self, forKey: .heldOut) ?? 0
    column = try values.decodeIfPresent(String.self, forKey: .column)
    hasHeader = try flag(.hasHeader)
    skipsBadLines = try flag(.skipsBadLines)
  }

  /// Writes every option.
  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(maxLength, forKey: .maxLength)
    try values.encode(mixDocuments, forKey: .mixDocuments)
    try values.encode(documentUnit, forKey: .documentUnit)
    try values.encode(jsonField, forKey: .jsonField)
    try values.encode(replacements, forKey: .replacements)
    try values.encode(shardTokens, forKey: .shardTokens)
    try values.encode(cut, forKey: .cut)
    try values.encode(onePerDocument, forKey: .onePerDocument)
    try values.encode(deduplicate, forKey: .deduplicate)
    try values.encode(heldOut, forKey: .heldOut)
    try values.encodeIfPresent(column, forKey: .column)
    try values.encode(hasHeader, forKey: .hasHeader)
    try values.encode(skipsBadLines, forKey: .skipsBadLines)
  }
}
