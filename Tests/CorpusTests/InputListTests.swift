import Corpus
import Foundation
import TestSupport
import Testing

/// Words of a command line that stand for inputs.
@Suite struct InputListTests {
  @Test func patternsStandForTheirMatchesInOrder() throws {
    let scratch = try TemporaryFolder()
    for name in ["b1.txt", "a1.txt.zst", "a2.jsonl", "c.md"] { try scratch.write(name, "x") }
    let path = scratch.url.path
    #expect(
      try TextFile.list(arguments: ["\(path)/[ab]1*", "\(path)/a2.jsonl"]).map(\.name)
        == ["a1.txt.zst", "b1.txt", "a2.jsonl"])
    #expect(throws: CorpusError.noMatch(pattern: "\(path)/*.csv")) {
      try TextFile.list(arguments: ["\(path)/*.csv"])
    }
    // What is there under that very name is no pattern.
    try scratch.write("[ab]1.txt", "x")
    #expect(try TextFile.list(arguments: ["\(path)/[ab]1.txt"]).map(\.name) == ["[ab]1.txt"])
  }

  @Test func aFormatIsNamedWhereTheSuffixDoesNotTell() throws {
    let scratch = try TemporaryFolder()
    let raw = try scratch.write("wiki.train.raw", "x").path
    #expect(throws: CorpusError.unsupportedFile(file: raw)) {
      try TextFile.list(arguments: [raw])
    }
    let format = try #require(TextFormat(name: "jsonl.gz"))
    let files = try TextFile.list(arguments: [raw, "-"], inputFormat: format)
    #expect(files.map(\.kind.name) == ["jsonl.gz", "jsonl.gz"])
    #expect(files.map(\.isStandardInput) == [false, true])
    let error = #expect(throws: CorpusError.self) { try TextFile.list(arguments: ["-"]) }
    #expect("\(try #require(error))".contains("--input-format"))
    #expect(throws: CorpusError.self) {
      try TextFile.list(arguments: ["-", "-"], inputFormat: format)
    }
  }

  @Test func formatsAreKnownByTheirSuffixes() {
    let names = ["a.txt", "b.JSONL.GZ", "c.tsv.zst", "d.csv", "txt", "e.gz", "f.txt.bz2", ".txt"]
    #expect(
      names.map { TextFormat(fileName: $0)?.name }
        == ["txt", "jsonl.gz", "tsv.zst", "csv", nil, nil, nil, "txt"])
  }
}
