public import Foundation

extension Vocabulary {
  /// Reads a `vocab.txt`: one token a line, the line's index is the ID.
  ///
  /// White space at the end of a line is not part of the token, as in the reference.
  ///
  /// - Parameter url: The file.
  /// - Returns: The vocabulary.
  /// - Throws: ``TokenizerError`` where the file is missing, unreadable, empty or not UTF-8.
  public static func load(contentsOf url: URL) throws -> Vocabulary {
    let data = try TokenizerFiles.read(
      url, advice: "give the vocabulary of the model, one token a line")
    var tokens = VocabularyBytes()
    try data.withUnsafeBytes { bytes in
      if let offset = UTF8Repair.repair(bytes).firstInvalidOffset {
        throw TokenizerError.invalidUTF8(path: url.path, byteOffset: offset)
      }
      tokens.reserveCapacity(bytes: bytes.count)
      var start = 0
      while start < bytes.count {
        var end = start
        while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
        let line = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
        tokens.append(UnsafeRawBufferPointer(rebasing: line[..<tokenLength(ofLine: line)]))
        start = end + 1
      }
    }
    return try Vocabulary(tokens, source: url.path)
  }

  /// The length in bytes of a line without the white space at its end.
  static func tokenLength(ofLine line: UnsafeRawBufferPointer) -> Int {
    // Most lines end in a letter.
    if let last = line.last, last > 0x20, last < 0x7F { return line.count }
    var place = 0
    var end = 0
    while place < line.count {
      let step = UTF8Decoder.step(line, at: place)
      place += step.length
      if !UnicodeTables.shared.properties(of: step.scalar).contains(.whitespace) { end = place }
    }
    return end
  }
}
