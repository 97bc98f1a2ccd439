import Corpus
import Foundation
import TestSupport
import Testing

/// Lines that cannot be used: fatal, or left out and counted.
@Suite struct BadLineTests {
  private let scratch: TemporaryFolder

  init() throws { scratch = try TemporaryFolder() }

  private func build(
    _ inputs: [URL], skip: Bool, strict: Bool = false, unitBytes: Int = 1 << 20
  ) throws -> CorpusBuildResult {
    var options = CorpusOptions()
    options.skipsBadLines = skip
    options.column = "2"
    let folder = scratch.url.appending(path: "corpus-\(UUID().uuidString)")
    let builder = try CorpusBuilder(
      tokenizer: scratch.letterTokenizer(), options: options, strict: strict, jobs: 2,
      unitBytes: unitBytes)
    return try builder.build(inputs: inputs, into: folder)
  }

  @Test func theFirstBadLineEndsABuildWithFileAndNumber() throws {
    let lines = (0..<50).map { $0 == 33 ? "{bad" : #"{"text": "a b"}"# }
    let good = try scratch.write("1.txt", "a\n")
    let bad = try scratch.write("2.jsonl", lines.joined(separator: "\n"))
    for unitBytes in [1, 40, 1 << 20] {
      let error = #expect(throws: CorpusError.self) {
        try build([good, bad], skip: false, unitBytes: unitBytes)
      }
      guard case .badJSON(bad.path, 34, _)? = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
  }

  @Test func skippedLinesAreCountedAndTheFirstOnesReported() throws {
    let inputs = [
      try scratch.write("1.jsonl", "{\"text\": \"a\"}\n[]\n{\"text\": 3}\n{\"text\": \"b\"}\n"),
      try scratch.write("2.tsv", "x\tc\ny\nz\td\n"),
      try scratch.write("3.csv", "x,e\n\"y\"z,f\n\"g\ng\",\"h\nh\"\n\"i"),
      try scratch.write("4.txt", Array("k\n".utf8) + [0xFF] + Array("\nl\n".utf8)),
    ]
    for unitBytes in [1, 1 << 20] {
      let result = try build(inputs, skip: true, strict: true, unitBytes: unitBytes)
      #expect(result.manifest.badLines == 6)
      #expect(result.manifest.documents == 8 && result.manifest.sequences == 8)
      let places = result.firstBadLines.map { error -> String in
        switch error {
        case .badJSON(let file, let line, _), .badField(let file, let line, _, _),
          .badRow(let file, let line, _), .invalidUTF8(let file, let line, _):
          return "\(URL(filePath: file).lastPathComponent):\(line)"
        default: return "\(error)"
        }
      }
      #expect(places == ["1.jsonl:2", "1.jsonl:3", "2.tsv:2", "3.csv:2", "3.csv:6", "4.txt:2"])
    }
    // Where text is repaired, a byte that is not UTF-8 makes no line bad.
    let repaired = try build(inputs, skip: true)
    #expect(repaired.manifest.badLines == 5 && repaired.manifest.repairedUTF8 == 1)
  }
}
