import Foundation
import TestSupport
import Testing
import Tokenizer

/// `pipeline train-vocab`: what it writes, what it refuses, and what others make of the result.
struct TrainVocabTests {
  /// A text of the repository, and the command for it.
  private func text(_ scratch: ScratchFolder, lines: Int = 300) throws -> String {
    try scratch.write("text.txt", SmallText.lines("heldout.txt.gz", count: lines).utf8)
  }

  private func command(_ input: String, _ output: String, _ more: [String] = []) -> [String] {
    ["train-vocab", input, "--output", output]
      + (more.contains("--size") ? [] : ["--size", "2000"])
      + more
  }

  @Test func theFolderServesTokenize() throws {
    let scratch = try ScratchFolder()
    let text = try text(scratch)
    let (folder, corpus) = (scratch.path("vocabulary"), scratch.path("corpus"))
    let outcome = try Pipeline.succeed(command(text, folder))
    #expect(outcome.output == "")
    for words in ["distinct", "2,000 tokens", "5 special tokens", "0 left out"] {
      #expect(outcome.errors.contains(words), "\(outcome.summary)")
    }
    #expect(
      try FolderContents(folder).names == ["tokenizer.json", "tokenizer_config.json", "vocab.txt"])
    #expect(try FolderContents(scratch.url.path).names.filter { $0.contains("partial") } == [])
    try Pipeline.succeed(["tokenize", text, "--tokenizer", folder, "--output", corpus])
    let tokenizer = try WordPieceTokenizer.load(folder: URL(filePath: folder))
    #expect(tokenizer.vocabulary.count == 2000)
    // Every character of the text is in the alphabet, so nothing of it is unknown.
    let lines = try String(contentsOf: URL(filePath: text), encoding: .utf8)
    #expect(try !tokenizer.encode(lines).ids.contains(tokenizer.specialTokens.unknownID))
  }

  @Test func threadsAndReadingInPartsChangeNothing() throws {
    let scratch = try ScratchFolder()
    let text = try text(scratch)
    let lines = try String(contentsOf: URL(filePath: text), encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false)
    let parts = scratch.path("parts")
    try FileManager.default.createDirectory(atPath: parts, withIntermediateDirectories: true)
    for part in 0..<3 {
      let own = lines.indices.filter { $0 % 3 == part }.map { lines[$0] + "\n" }.joined()
      _ = try scratch.write("parts/\(part).txt", own.utf8)
    }
    let first = scratch.path("first")
    try Pipeline.succeed(command(text, first, ["--jobs", "1"]))
    for (index, input) in [text, text, parts].enumerated() {
      let other = scratch.path("other-\(index)")
      try Pipeline.succeed(command(input, other, ["--jobs", "\(index + 1)"]))
      #expect(try FolderContents(other).differences(from: FolderContents(first)) == [])
    }
  }

  @Test func theSameAgainIsFoundAndAnotherIsRefused() throws {
    let scratch = try ScratchFolder()
    let text = try text(scratch)
    let folder = scratch.path("vocabulary")
    try Pipeline.succeed(command(text, folder))
    let before = try FolderContents(scratch.url.path)
    let again = try Pipeline.succeed(command(text, folder))
    #expect(again.errors.contains("already there, unchanged"))
    try Pipeline.expectFailure(
      command(text, folder, ["--size", "1999"]),
      saying: [folder, "another tokenizer", "vocab.txt"])
    try Pipeline.expectFailure(
      command(text, folder, ["--cased"]), saying: [folder, "tokenizer_config.json"])
    #expect(try FolderContents(scratch.url.path).differences(from: before) == [])
  }

  @Test func whatCannotBeDoneLeavesNothing() throws {
    let scratch = try ScratchFolder()
    let text = try text(scratch)
    let empty = try scratch.write("empty.txt", "\n \n".utf8)
    let notes = scratch.path("notes")
    try FileManager.default.createDirectory(atPath: notes, withIntermediateDirectories: true)
    _ = try scratch.write("notes/todo.txt", "keep me".utf8)
    let before = try FolderContents(scratch.url.path)
    let output = scratch.path("vocabulary")
    for (arguments, texts) in [
      (command(empty, output), ["no words"]),
      (command(text, output, ["--size", "20"]), ["a vocabulary of 20", "5 special tokens"]),
      (command(scratch.path("nowhere.txt"), output), ["nowhere.txt", "cannot read"]),
      (command(text, notes), [notes, "no tokenizer"]),
      (command(text, text), [text, "no tokenizer"]),
      (command(text, "\(text)/vocabulary"), [text, "cannot write"]),
    ] {
      try Pipeline.expectFailure(arguments, saying: texts)
      #expect(try FolderContents(scratch.url.path).differences(from: before) == [])
    }
  }

  @Test func fewerTokensThanAskedForIsSaid() throws {
    let scratch = try ScratchFolder()
    let text = try scratch.write("small.txt", "banana bandana banana".utf8)
    let outcome = try Pipeline.succeed(command(text, scratch.path("vocabulary")))
    #expect(outcome.errors.contains("warning: the text gives 16 tokens, fewer than the 2,000"))
  }

  @Test(
    .enabled(
      if: PythonEnvironment.interpreter != nil,
      "skipped: no Python with transformers; 'make python-env' makes one"))
  func theVocabularyIsThatOfTheReferenceAndTransformersLoadsIt() throws {
    let python = try #require(PythonEnvironment.interpreter)
    let scratch = try ScratchFolder()
    let text = try text(scratch, lines: 100_000)
    let script = SharedFixtures.repository.appending(
      path: "Tests/TokenizerTests/Reference/train_vocab.py")
    let reference = try ChildProcess.run(python, [script.path, text, "8000"])
    try #require(reference.ending == .exited(0), "\(reference.summary)")
    let lists = try JSONDecoder().decode([String: [String]].self, from: Data(reference.output.utf8))
    // A comma parts the special tokens of the command; no word goes on after one.
    let special = try #require(lists["special_tokens"])
    let folder = scratch.path("vocabulary")
    try Pipeline.succeed(
      command(
        text, folder, ["--size", "8000", "--special-tokens", special.joined(separator: ",")]))
    let vocabulary = try String(contentsOf: URL(filePath: "\(folder)/vocab.txt"), encoding: .utf8)
    #expect(vocabulary == (lists["vocabulary"] ?? []).map { $0 + "\n" }.joined())

    let plain = scratch.path("plain")
    try Pipeline.succeed(command(text, plain))
    let sentence = "The naïve [MASK] of 1999, and its unbelievable game."
    let program = """
      import sys, transformers
      tokenizer = transformers.AutoTokenizer.from_pretrained(sys.argv[1])
      print(*tokenizer(sys.argv[2])["input_ids"])
      """
    let loaded = try ChildProcess.run(
      python, ["-c", program, plain, sentence], timeoutSeconds: 300)
    try #require(loaded.ending == .exited(0), "\(loaded.summary)")
    let ids = try WordPieceTokenizer.load(folder: URL(filePath: plain)).encode(sentence).ids
    #expect(loaded.output.split(whereSeparator: \.isWhitespace).compactMap { Int32($0) } == ids)
  }
}
