import Foundation

/// A `tokenizer.json`: its vocabulary, and everything else.
///
/// `JSONSerialization` makes an object of every entry, which takes longer than all the rest of
/// loading. So the vocabulary is cut out and read by itself.
struct FastTokenizerFile {
  /// The file without `model.vocab`.
  let object: JSONObject
  /// `model.vocab`; nil where the file has none.
  let vocabulary: ModelVocabulary?

  /// Reads a file.
  ///
  /// - Throws: ``TokenizerError`` where it is missing, unreadable, not UTF-8 or not JSON.
  init(contentsOf url: URL) throws {
    let data = try TokenizerFiles.read(url, advice: "give a folder that has it")
    var vocabulary: ModelVocabulary?
    var rest = data
    try data.withUnsafeBytes { bytes in
      if let offset = UTF8Repair.repair(bytes).firstInvalidOffset {
        throw TokenizerError.invalidUTF8(path: url.path, byteOffset: offset)
      }
      var scanner = JSONScanner(bytes, path: url.path)
      guard let (found, range) = try Self.vocabulary(&scanner, path: url.path) else { return }
      vocabulary = found
      rest = Data(bytes[..<range.lowerBound] + Array("{}".utf8) + bytes[range.upperBound...])
    }
    self.vocabulary = vocabulary
    object = try JSONObject(rest, path: url.path)
  }

  /// The vocabulary, once it is known to be WordPiece's.
  ///
  /// - Throws: ``TokenizerError`` where there is none, or another model's.
  func loadVocabulary() throws -> Vocabulary {
    guard let model = try object.object("model") else {
      throw object.unsupported("model", expected: "a WordPiece model")
    }
    if model.has("type"), try model.string("type") != "WordPiece" {
      throw model.unsupported("type", expected: "\"WordPiece\"")
    }
    guard let vocabulary else {
      throw model.unsupported("vocab", expected: "an object of tokens and their IDs")
    }
    return try vocabulary.vocabulary()
  }

  /// Finds and reads `model.vocab`.
  private static func vocabulary(
    _ scanner: inout JSONScanner, path: String
  ) throws -> (ModelVocabulary, Range<Int>)? {
    var found: (ModelVocabulary, Range<Int>)?
    guard scanner.peek() == UInt8(ascii: "{") else { return nil }
    try forEachMember(&scanner, named: "model") { scanner in
      try forEachMember(&scanner, named: "vocab") { scanner in
        guard found == nil else { throw scanner.malformed("a second \"vocab\" ends") }
        let start = scanner.place
        let vocabulary = try ModelVocabulary(&scanner, path: path)
        found = (vocabulary, start..<scanner.place)
      }
    }
    return found
  }

  /// Goes through an object, and calls `body` at each value of a name that is an object.
  private static func forEachMember(
    _ scanner: inout JSONScanner, named name: String,
    _ body: (inout JSONScanner) throws -> Void
  ) throws {
    try scanner.forEachMember { scanner in
      var key: [UInt8] = []
      try scanner.string(appendingTo: &key)
      try scanner.expect(UInt8(ascii: ":"))
      if key.elementsEqual(name.utf8), scanner.peek() == UInt8(ascii: "{") {
        try body(&scanner)
      } else {
        _ = try scanner.skipValue()
      }
    }
  }
}
