import Foundation
import Testing

/// Text that is empty, not UTF-8, or not text.
struct TextInputTests {
  @Test(arguments: ["", "\n\n \n"]) func anEmptyCorpusIsRefused(text: String) throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let file = try scratch.write("empty.txt", text.utf8)
    try Pipeline.expectFailure(
      Workspace.tokenize(file, vocabulary: work.vocabulary, output: scratch.path("corpus")),
      saying: ["the corpus is empty", file])
    #expect(try FolderContents(scratch.url.path).names == ["empty.txt"])
  }

  @Test func textThatIsNotUTF8IsRepairedAndCounted() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    // A lone continuation byte, and the first two bytes of a sequence of three: one place each.
    let bytes = Array("one \u{2009}two\nthree ".utf8) + [0x80] + Array(" four ".utf8)
    let file = try scratch.write("bad.txt", bytes + [0xE2, 0x82] + Array(" five\n".utf8))
    let corpus = scratch.path("corpus")
    let outcome = try Pipeline.succeed(
      Workspace.tokenize(file, vocabulary: work.vocabulary, output: corpus))
    #expect(outcome.errors.contains("warning: 2 "), "\(outcome.summary)")
    #expect(outcome.errors.contains("not UTF-8"))
    let manifest = try String(contentsOf: URL(filePath: "\(corpus)/manifest.json"), encoding: .utf8)
    #expect(manifest.contains("\"repairedUTF8\" : 2"))
  }

  @Test func strictStopsAtTheFirstByteThatIsNotUTF8() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let before = Array("one two\nthree ".utf8)
    let file = try scratch.write("bad.txt", before + [0xFF] + Array(" four\n".utf8))
    try Pipeline.expectFailure(
      Workspace.tokenize(file, vocabulary: work.vocabulary, output: scratch.path("corpus"))
        + ["--strict"],
      saying: [file, "not UTF-8", "byte \(before.count)", "line 2"])
    #expect(try FolderContents(scratch.url.path).names == ["bad.txt"])
  }

  @Test func inputsThatAreNoTextAreNamed() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let gzip = try scratch.write("short.txt.gz", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0x4B])
    let json = try scratch.write("record.jsonl", "{\"text\": \"one\"}\n{\"other\": 1}\n".utf8)
    let pdf = try scratch.write("paper.pdf", "%PDF".utf8)
    let before = try FolderContents(scratch.url.path)
    for (file, reason) in [
      (gzip, "damaged"), (json, "line 2"), (pdf, "not a known kind"),
      (scratch.path("nowhere.txt"), "cannot read"),
    ] {
      try Pipeline.expectFailure(
        Workspace.tokenize(file, vocabulary: work.vocabulary, output: scratch.path("corpus")),
        saying: [file, reason])
    }
    #expect(try FolderContents(scratch.url.path).differences(from: before) == [])
  }
}
