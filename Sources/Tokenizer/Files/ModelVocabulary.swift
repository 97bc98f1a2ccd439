/// The entries of `model.vocab` of a `tokenizer.json`: tokens and their IDs.
struct ModelVocabulary {
  private let path: String
  /// The tokens as the file orders them.
  private var tokens = VocabularyBytes()
  private var ids: [Int] = []
  /// Whether the file orders tokens by their IDs, which are then 0, 1, 2 and so on.
  private var isOrdered = true

  /// Reads the object that comes next.
  ///
  /// - Throws: ``TokenizerError/malformedJSON(path:reason:)``, and
  ///   ``TokenizerError/unsupportedConfiguration(path:key:found:expected:)`` for what is no ID.
  init(_ scanner: inout JSONScanner, path: String) throws {
    self.path = path
    var tokens = VocabularyBytes()
    var ids: [Int] = []
    var isOrdered = true
    try scanner.forEachMember { scanner in
      try tokens.append { try scanner.string(appendingTo: &$0) }
      try scanner.expect(UInt8(ascii: ":"))
      let value = try scanner.skipValue()
      guard let id = scanner.integer(value) else {
        throw Self.unusable(path, tokens[tokens.count - 1], found: scanner.text(value))
      }
      if id != ids.count { isOrdered = false }
      ids.append(id)
    }
    (self.tokens, self.ids, self.isOrdered) = (tokens, ids, isOrdered)
  }

  /// The vocabulary, in order of IDs.
  ///
  /// - Throws: ``TokenizerError`` where IDs are missing or given twice, where a token is there twice,
  ///   and where there are no tokens or too many.
  func vocabulary() throws -> Vocabulary {
    let vocabulary = try Vocabulary(isOrdered ? tokens : sorted(), source: path)
    guard let token = vocabulary.repeatedToken else { return vocabulary }
    throw TokenizerError.invalidVocabulary(
      source: path, reason: "the token \(token) is there twice")
  }

  /// Throws unless every token has the ID that a `vocab.txt` gives it, and none is missing.
  ///
  /// - Throws: ``TokenizerError/conflictingVocabularies(path:other:reason:)``.
  func check(against vocabulary: Vocabulary, of file: String) throws {
    if isOrdered, vocabulary.hasTokens(tokens) { return }
    func conflict(_ reason: String) -> TokenizerError {
      .conflictingVocabularies(path: file, other: path, reason: reason)
    }
    var known = Set<Int>()
    for (index, id) in ids.enumerated() {
      let there = vocabulary.id(ofUTF8: tokens.bytes[tokens.range(index)])
      guard there == Int32(exactly: id) else {
        let line = there.map { "ID \($0)" } ?? "no entry"
        throw conflict("\(tokens[index]) is \(line) in the first and ID \(id) in the second")
      }
      known.insert(id)
    }
    var id = 0
    try vocabulary.forEachToken { token in
      defer { id += 1 }
      // Of equal lines only the last one counts.
      guard !known.contains(id), vocabulary.id(ofUTF8: token) == Int32(id) else { return }
      let name = String(decoding: token, as: UTF8.self)
      throw conflict("\(name) is ID \(id) in the first and missing in the second")
    }
  }

  private func sorted() throws -> VocabularyBytes {
    var indexOfID = [Int](repeating: -1, count: ids.count)
    for (index, id) in ids.enumerated() {
      guard id < ids.count, indexOfID[id] < 0 else {
        throw Self.unusable(path, tokens[index], found: "\(id)", count: ids.count)
      }
      indexOfID[id] = index
    }
    var sorted = VocabularyBytes()
    tokens.bytes.withUnsafeBytes { bytes in
      for index in indexOfID {
        sorted.append(UnsafeRawBufferPointer(rebasing: bytes[tokens.range(index)]))
      }
    }
    return sorted
  }

  private static func unusable(
    _ path: String, _ token: String, found: String, count: Int? = nil
  ) -> TokenizerError {
    let range = count.map { " from 0 to \($0 - 1), as there are \($0) tokens" } ?? ""
    return .unsupportedConfiguration(
      path: path, key: "model.vocab.\(token)", found: found,
      expected: "an ID of its own\(range)")
  }
}
