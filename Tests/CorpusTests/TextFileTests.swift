import Corpus
import Foundation
import TestSupport
import Testing

@Suite struct TextFileTests {
  @Test func foldersAreListedByNameAndOtherFilesPassedOver() throws {
    let folder = try TemporaryFolder()
    for name in [
      "b.txt", "a.jsonl.gz", "sub/a.txt", "B.TXT", "readme.md", ".hidden.txt", "c.txt.gz",
    ] {
      try folder.write("in/" + name, "x")
    }
    let files = try TextFile.list([folder.url.appending(path: "in")])
    #expect(files.map(\.name) == ["B.TXT", "a.jsonl.gz", "b.txt", "c.txt.gz", "sub/a.txt"])
    #expect(files.map(\.format) == [.text, .jsonLines, .text, .text, .text])
    #expect(files.map(\.isGzip) == [false, true, false, true, false])
    #expect(files.allSatisfy { $0.bytes == 1 })
  }

  @Test func symbolicLinksToFoldersAndFilesAreFollowed() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("real/sub/a.txt", "x")
    let manager = FileManager.default
    let link = folder.url.appending(path: "link")
    try manager.createSymbolicLink(
      at: link, withDestinationURL: folder.url.appending(path: "real"))
    try manager.createSymbolicLink(
      at: folder.url.appending(path: "real/b.txt"), withDestinationURL: file)
    #expect(try TextFile.list([link]).map(\.name) == ["b.txt", "sub/a.txt"])
    #expect(try TextFile.list([link]).map(\.bytes) == [1, 1])
  }

  @Test func inputsKeepTheirOrder() throws {
    let folder = try TemporaryFolder()
    let inputs = [
      try folder.write("z.txt", ""), try folder.write("a.txt", ""), try folder.write("z.txt", ""),
    ]
    #expect(try TextFile.list(inputs).map(\.name) == ["z.txt", "a.txt", "z.txt"])
  }

  @Test func whatCannotBeReadIsNamed() throws {
    let folder = try TemporaryFolder()
    let empty = folder.url.appending(path: "empty")
    try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: true)
    #expect(throws: CorpusError.noInput(folder: nil)) { try TextFile.list([]) }
    #expect(throws: CorpusError.noInput(folder: empty.path)) { try TextFile.list([empty]) }
    let table = try folder.write("t.doc", "x")
    #expect(throws: CorpusError.unsupportedFile(file: table.path)) { try TextFile.list([table]) }
    let missing = folder.url.appending(path: "missing.txt")
    let error = #expect(throws: CorpusError.self) { try TextFile.list([missing]) }
    #expect("\(try #require(error))".contains("missing.txt"))
    #expect("\(try #require(error))".contains("No such file"))
  }
}
