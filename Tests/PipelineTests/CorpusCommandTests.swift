import Foundation
import TestSupport
import Testing

/// `pipeline corpus`, and what `tokenize` reads beside files of text.
struct CorpusCommandTests {
  @Test func showPrintsTheManifestAndAPictureOfTheLengths() throws {
    let work = try Workspace.shared()
    let outcome = try Pipeline.succeed(["corpus", "show", work.corpus])
    let manifest = try String(
      contentsOf: URL(filePath: "\(work.corpus)/manifest.json"), encoding: .utf8)
    for text in [
      "documents", "unknown tokens", "█", "train.txt (txt,", "\(Workspace.maxLength)  █",
    ] {
      #expect(outcome.output.contains(text), "'\(text)' is not in: \(outcome.summary)")
    }
    for label in ["content", "tokenizer", "vocab.txt"] {
      let line = try #require(
        outcome.output.split(separator: "\n").first { $0.contains("  \(label) ") })
      let digest = try #require(line.split(separator: " ").last)
      #expect(digest.count == 64 && manifest.contains(digest), "\(line)")
    }
    #expect(outcome.errors == "")
    try Pipeline.expectFailure(
      ["corpus", "show", "\(work.corpus)/nothing"], saying: ["pipeline tokenize"])
  }

  @Test func sampleRepeatsWithItsSeed() throws {
    let work = try Workspace.shared()
    let sample = { (seed: String) in
      try Pipeline.succeed(["corpus", "sample", work.corpus, "--count", "4", "--seed", seed]).output
    }
    let first = try sample("1")
    #expect(try sample("1") == first)
    #expect(try sample("2") != first)
    #expect(first.split(separator: "\n").count == 8)
    let tokens = try Pipeline.succeed(["corpus", "sample", work.corpus, "--tokens"]).output
    #expect(tokens.contains("[CLS] ") && tokens.contains(" [SEP]"))
  }

  @Test func verifyFindsWhatWasChanged() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let sound = try Pipeline.succeed(["corpus", "verify", work.corpus])
    #expect(sound.output.contains("sound"))
    let corpus = try scratch.copy(work.corpus, as: "corpus")
    try Damage.flip(shard: "\(corpus)/shard-00001.sqlite", block: 0, stream: "ids")
    try Pipeline.expectFailure(["corpus", "verify", corpus], saying: ["shard-00001"])
  }

  @Test func standardInputGivesTheCorpusOfTheFile() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let piped = scratch.path("piped")
    let command =
      ["cat", work.text, "|", Pipeline.executable]
      + Workspace.tokenize("-", vocabulary: work.vocabulary, output: piped)
      + ["--input-format", "txt"]
    let outcome = try ChildProcess.run("sh", ["-c", command.joined(separator: " ")])
    try #require(outcome.ending == .exited(0), "\(outcome.summary)")
    let differences = try FolderContents(piped).differences(from: FolderContents(work.corpus))
    #expect(differences == ["manifest.json"])
    let name = "standard input"
    let manifest = try String(contentsOf: URL(filePath: "\(piped)/manifest.json"), encoding: .utf8)
    #expect(manifest.contains(name))
  }

  @Test func badLinesAreReportedAndCounted() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let text = "{\"a\": {\"b\": [\"the game\"]}}\nnonsense\n{\"a\": {\"b\": [\"the war\"]}}\n"
    let file = try scratch.write("t.jsonl", text.utf8)
    let command = { (corpus: String) in
      Workspace.tokenize(file, vocabulary: work.vocabulary, output: scratch.path(corpus))
        + ["--field", "a.b.0"]
    }
    try Pipeline.expectFailure(command("stop"), saying: [file, "line 2"])
    let outcome = try Pipeline.succeed(command("skip") + ["--bad-lines", "skip"])
    #expect(outcome.errors.contains("line 2 is not a JSON object"), "\(outcome.summary)")
    #expect(outcome.errors.contains("1 lines could not be used"), "\(outcome.summary)")
    let shown = try Pipeline.succeed(["corpus", "show", scratch.path("skip")]).output
    #expect(shown.contains("1 left out") && shown.contains("2 sequences"), "\(shown)")
  }

  @Test func anInterruptedBuildOfOtherOptionsIsNotGoneOnWith() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let text = try scratch.write("text.txt", SmallText.lines("train.txt.gz", count: 700).utf8)
    let corpus = scratch.path("out/corpus")
    let tokenize = Workspace.tokenize(text, vocabulary: work.vocabulary, output: corpus)
    let journal = { () -> Bool in
      let names = FileManager.default.enumerator(atPath: scratch.path("out"))
      return names?.contains { ($0 as? String)?.hasSuffix("journal.json") ?? false } ?? false
    }
    try Pipeline.kill(tokenize, writing: scratch.path("out"), at: journal)
    let outcome = try Pipeline.succeed(tokenize + ["--cut", "word"])
    #expect(!outcome.errors.contains("resuming"))
    let whole = scratch.path("whole")
    try Pipeline.succeed(
      Workspace.tokenize(text, vocabulary: work.vocabulary, output: whole) + ["--cut", "word"])
    #expect(try FolderContents(corpus).differences(from: FolderContents(whole)) == [])
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: scratch.path("out")) == ["corpus"])
  }

  @Test(
    .enabled(
      if: PythonEnvironment.interpreter != nil,
      "skipped: no Python with torch and transformers; 'make python-env' makes one"))
  func numpyReadsTheExports() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let python = try #require(PythonEnvironment.interpreter)
    for format in ["megatron", "flat", "llm.c"] {
      try Pipeline.succeed(
        ["corpus", "export", work.corpus, "--format", format, "--output", scratch.path(format)])
    }
    let script = SharedFixtures.repository.appending(path: "Tests/PipelineTests/Python/exports.py")
    let outcome = try ChildProcess.run(
      python, [script.path] + ["megatron", "flat", "llm.c"].map(scratch.path), timeoutSeconds: 300)
    try #require(outcome.ending == .exited(0), "\(outcome.summary)")
    let manifest = try JSONSerialization.jsonObject(
      with: Data(contentsOf: URL(filePath: "\(work.corpus)/manifest.json")))
    let values = try #require(manifest as? [String: Any])
    #expect(
      outcome.output
        == "\(try #require(values["sequences"] as? Int)) \(try #require(values["tokens"] as? Int))\n"
    )
  }
}
