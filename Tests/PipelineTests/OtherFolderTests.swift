import Foundation
import Testing

/// A corpus, cache or run that is not the one that belongs there: every difference is named, and
/// what is there stays as it is.
struct OtherFolderTests {
  /// A corpus of other text, tokenized with a vocabulary that may have more words.
  private func otherCorpus(_ scratch: ScratchFolder, addedWords: String = "") throws -> String {
    let work = try Workspace.shared()
    let words = try String(contentsOf: URL(filePath: work.vocabulary), encoding: .utf8)
    let vocabulary = try scratch.write("vocab.txt", (words + addedWords).utf8)
    let corpus = scratch.path("other")
    try Pipeline.succeed(
      Workspace.tokenize(work.heldOutText, vocabulary: vocabulary, output: corpus))
    return corpus
  }

  /// Runs a command that has to fail, saying this, and to leave a folder as it was.
  private func expectUntouched(
    _ folder: ScratchFolder, _ command: [String], saying texts: [String]
  ) throws {
    let before = try FolderContents(folder.url.path)
    try Pipeline.expectFailure(command, saying: texts)
    #expect(try FolderContents(folder.url.path).differences(from: before) == [])
  }

  @Test func aCacheOfAnotherCorpusIsRefusedWithTheDifferences() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let corpus = try otherCorpus(scratch)
    try expectUntouched(
      scratch, work.trainStudent(output: scratch.path("student"), ["--corpus", corpus]),
      saying: [work.cache, "corpusDigest: expected", "sequences: expected", "found"])
  }

  @Test func aCacheOfAnotherTokenizerIsRefusedWithTheDifferences() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let corpus = try otherCorpus(scratch, addedWords: "oneword\n")
    try expectUntouched(
      scratch, work.trainStudent(output: scratch.path("student"), ["--corpus", corpus]),
      saying: [work.cache, "tokenizerDigest: expected", "vocabSize: expected", "found"])
  }

  @Test func theCachesOwnCorpusIsAccepted() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let student = scratch.path("student")
    try Pipeline.succeed(work.trainStudent(output: student, ["--corpus", work.corpus]))
    #expect(
      try FolderContents(student).files["model.safetensors"]
        == FolderContents(work.student).files["model.safetensors"])
  }

  @Test func anotherCacheIsNotOverwritten() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let cache = try scratch.copy(work.cache, as: "cache")
    try expectUntouched(
      scratch, work.cacheTeacher(output: cache, ["--head", "8", "--mask-seed", "7"]),
      saying: [
        cache, "holds another cache", "headK: expected 8, found 16", "seed: expected 7, found 1",
      ])
  }

  @Test func anotherRunIsNotOverwritten() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let student = try scratch.copy(work.student, as: "student")
    try expectUntouched(
      scratch, work.trainStudent(output: student, ["--learning-rate", "0.01", "--seed", "9"]),
      saying: [student, "learningRate is 0.0005 there, 0.01 now", "seed is 1 there, 9 now"])
  }

  @Test func anotherCorpusIsNotOverwritten() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let corpus = try scratch.copy(work.corpus, as: "corpus")
    try expectUntouched(
      scratch, Workspace.tokenize(work.heldOutText, vocabulary: work.vocabulary, output: corpus),
      saying: [corpus, "differs in", "held-out.txt"])
  }

  @Test func foldersOfSomethingElseAreNamed() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let notes = scratch.path("notes")
    try FileManager.default.createDirectory(atPath: notes, withIntermediateDirectories: true)
    _ = try scratch.write("notes/todo.txt", "keep me".utf8)
    let missing = scratch.path("missing")
    for (command, texts) in [
      (Workspace.tokenize(work.text, vocabulary: work.vocabulary, output: notes), [notes]),
      (work.cacheTeacher(output: notes), [notes, "not a logit cache"]),
      (work.cacheTeacher(output: missing, ["--corpus", notes]), [notes, "pipeline tokenize"]),
      (
        ["train-student", "--from-cache", notes, "--output", missing],
        [notes, "not a logit cache", "pipeline cache-teacher"]
      ),
      (["evaluate", notes, "--corpus", work.heldOut], ["\(notes)/config.json", "missing"]),
      (["evaluate", work.student, "--corpus", missing], [missing, "pipeline tokenize"]),
    ] {
      try expectUntouched(scratch, command, saying: texts)
    }
  }

  @Test func aCacheThatIsNotCompleteIsNotTrainedFrom() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let cache = scratch.path("cache")
    let halves = work.cacheTeacher(output: cache, ["--workers", "2", "--worker"])
    let outcome = try Pipeline.succeed(halves + ["1"])
    #expect(outcome.errors.contains("others still have shards to fill"))
    try expectUntouched(
      scratch, ["train-student", "--from-cache", cache, "--output", scratch.path("student")],
      saying: [cache, "of 6 shards are complete", "Run the same"])
    // The other worker's shards make it the cache that one process makes.
    try Pipeline.succeed(halves + ["0"])
    #expect(
      try FolderContents(cache).differences(from: FolderContents(work.cache)) {
        $0.hasPrefix("timing-")
      } == [])
  }
}
