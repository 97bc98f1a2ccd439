import Corpus
import Foundation
import TestSupport
import Testing

@Suite struct TextSourceTests {
  /// The documents of a file, each as its pieces joined by `|`.
  private func documents(
    _ url: URL, unit: DocumentUnit = .line, field: String = "text", strict: Bool = false,
    lineLimitBytes: Int = TextSource.lineLimitBytes
  ) throws -> (documents: [String], source: TextSource) {
    let file = try #require(try TextFile.list([url]).first)
    let source = try TextSource(
      file: file, unit: unit, jsonField: field, strict: strict, lineLimitBytes: lineLimitBytes)
    var documents: [String] = []
    var pieces: [String] = []
    try source.forEachEvent { event in
      switch event {
      case .text(let bytes):
        pieces.append(String(decoding: bytes, as: UTF8.self))
      case .endOfDocument:
        documents.append(pieces.joined(separator: "|"))
        pieces = []
      }
    }
    #expect(pieces.isEmpty, "every piece belongs to a document that ends")
    return (documents, source)
  }

  @Test func unitsCutTheSameTextDifferently() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("t.txt", "one\ntwo\n\n \t\r\nthree\nfour")
    #expect(
      try documents(file, unit: .line).documents == ["one", "two", "", " \t\r", "three", "four"])
    #expect(try documents(file, unit: .paragraph).documents == ["one|two", "three|four"])
    #expect(try documents(file, unit: .file).documents == ["one|two|three|four"])
  }

  @Test func anEmptyFileHasNoLineAndOneEmptyDocumentOfTheFile() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("t.txt", "")
    #expect(try documents(file, unit: .line).documents.isEmpty)
    #expect(try documents(file, unit: .paragraph).documents.isEmpty)
    #expect(try documents(file, unit: .file).documents == [""])
  }

  @Test func aByteOrderMarkIsNotText() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("t.txt", [0xEF, 0xBB, 0xBF] + Array("a\nb".utf8))
    #expect(try documents(file).documents == ["a", "b"])
  }

  @Test func linesLongerThanTheBufferComeWhole() throws {
    let folder = try TemporaryFolder()
    let long = String(repeating: "long ", count: 200_000)
    let text = "first\n\(long)\nlast\n"
    let file = try folder.write("t.txt", text)
    #expect(try documents(file).documents == ["first", long, "last"])
    #expect(
      throws: CorpusError.lineTooLong(
        file: file.path, line: 2, byteOffset: 6, limitBytes: 500_000)
    ) { try documents(file, lineLimitBytes: 500_000) }
  }

  @Test func manyShortLinesCrossManyBuffers() throws {
    let folder = try TemporaryFolder()
    let lines = (0..<100_000).map { "line \($0)" }
    let file = try folder.write("t.txt", lines.joined(separator: "\n"))
    #expect(try documents(file).documents == lines)
  }

  @Test func recordsGiveTheNamedField() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(
      "t.jsonl",
      #"{"id": 1, "body": "one\ntwo", "more": {"body": [1, null]}}"# + "\r\n\n"
        + #"{"body": "caf\u00e9 \ud83d\ude00"}"#)
    #expect(try documents(file, field: "body").documents == ["one|two", "café 😀"])
  }

  @Test func aBadRecordIsNamedByFileAndLine() throws {
    let folder = try TemporaryFolder()
    func error(_ text: String) throws -> CorpusError {
      let file = try folder.write("t.jsonl", "{\"text\": \"fine\"}\n\n" + text + "\n")
      return try #require(throws: CorpusError.self) { try documents(file) }
    }
    for bad in [
      "{\"text\": \"open", "nonsense", "[\"text\"]", "3", "\"text\"", "{\"text\": \"a\" \"b\"}",
    ] {
      guard case .badJSON(let file, let line, let reason) = try error(bad) else {
        Issue.record("\(bad) was taken for JSON: \(try error(bad))")
        continue
      }
      #expect(file.hasSuffix("t.jsonl") && line == 3 && !reason.isEmpty)
    }
    for (bad, word) in [
      ("{\"txt\": \"x\"}", "missing"), ("{\"text\": null}", "null"), ("{\"text\": 3}", "string"),
    ] {
      guard case .badField(_, let line, "text", let reason) = try error(bad) else {
        Issue.record("\(bad) was taken for a record: \(try error(bad))")
        continue
      }
      #expect(line == 3 && reason.contains(word))
    }
  }

  @Test func invalidUTF8IsRepairedAndCounted() throws {
    let folder = try TemporaryFolder()
    // A truncated four-byte form (one maximal subpart), then two bytes that never occur.
    let file = try folder.write(
      "t.txt", Array("ok\na".utf8) + [0xF0, 0x9F, 0x98] + Array("b\nc".utf8) + [0xFF, 0xC0])
    let (documents, source) = try documents(file)
    #expect(documents == ["ok", "a\u{FFFD}b", "c\u{FFFD}\u{FFFD}"])
    #expect(source.repairedCount == 3)
  }

  @Test func halvesOfSurrogatePairsAreRepairedLikeBytes() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(
      "t.jsonl",
      #"{"text": "fine"}"# + "\n"
        + #"{"text": "a\ud83d b \uDE00\ud83d\ude00 \\ud83d \ud83d"}"#)
    let (documents, source) = try documents(file)
    #expect(documents == ["fine", "a\u{FFFD} b \u{FFFD}😀 \\ud83d \u{FFFD}"])
    #expect(source.repairedCount == 3)
    #expect(throws: CorpusError.invalidUTF8(file: file.path, line: 2, byteOffset: 28)) {
      try self.documents(file, strict: true)
    }
  }

  @Test func strictStopsAtTheFirstInvalidByte() throws {
    let folder = try TemporaryFolder()
    let text = Array("ok\nab".utf8) + [0xFF] + Array("\n".utf8)
    for (name, bytes) in [("t.txt", text), ("t.txt.gz", gzip(text))] {
      let file = try folder.write(name, bytes)
      #expect(throws: CorpusError.invalidUTF8(file: file.path, line: 2, byteOffset: 5)) {
        try documents(file, strict: true)
      }
    }
    let record = try folder.write(
      "t.jsonl", Array("{\"text\": \"a".utf8) + [0xC3] + Array("\"}".utf8))
    #expect(throws: CorpusError.invalidUTF8(file: record.path, line: 1, byteOffset: 11)) {
      try documents(record, strict: true)
    }
    #expect(try documents(record).documents == ["a\u{FFFD}"])
  }
}
