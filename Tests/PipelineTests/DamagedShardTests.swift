import Foundation
import TestSupport
import Testing

/// A flipped byte in a shard: shard, block and stream are named; with the byte back in its place the
/// same command ends as if nothing had been.
struct DamagedShardTests {
  @Test(arguments: ["head.ids", "states"])
  func damageToACacheShardIsNamedAndStopsTheTraining(stream: String) throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let cache = try scratch.copy(work.cache, as: "cache")
    let student = scratch.path("student")
    let shard = "\(cache)/shard-00001.sqlite"
    let sound = try Data(contentsOf: URL(filePath: shard))
    try Damage.flip(shard: shard, block: 2, stream: stream)
    let command = work.trainStudent(output: student, ["--from-cache", cache, "--epochs", "1"])
      .filter { $0 != "--steps" && $0 != "12" }
    try Pipeline.expectFailure(
      command, saying: ["shard-00001, block 2, stream '\(stream)': damaged"])
    let names = try FolderContents(student).names
    #expect(!names.contains("model.safetensors") && !names.contains("finished.json"), "\(names)")

    try sound.write(to: URL(filePath: shard))
    try Pipeline.succeed(command)
    let whole = scratch.path("whole")
    try Pipeline.succeed(command.map { $0 == student ? whole : $0 })
    #expect(
      try FolderContents(student).files["model.safetensors"]
        == FolderContents(whole).files["model.safetensors"])
  }

  @Test func damageToACorpusShardIsNamedAndStopsTheTeacher() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let corpus = try scratch.copy(work.corpus, as: "corpus")
    let cache = scratch.path("cache")
    let shard = "\(corpus)/shard-00002.sqlite"
    let sound = try Data(contentsOf: URL(filePath: shard))
    try Damage.flip(shard: shard, block: 1, stream: "ids")
    let command = work.cacheTeacher(output: cache, ["--corpus", corpus])
    try Pipeline.expectFailure(
      command, saying: ["shard-00002, block 1, stream 'ids': damaged"])

    try sound.write(to: URL(filePath: shard))
    let outcome = try Pipeline.succeed(command)
    // The sample for the codes is from all over the corpus, so it meets the damage first.
    #expect(outcome.errors.contains("resuming: 0 of 6 shards are sealed"), "\(outcome.summary)")
    #expect(
      try FolderContents(cache).differences(from: FolderContents(work.cache)) {
        $0.hasPrefix("timing-")
      } == [])
  }

  @Test func aTruncatedShardIsNamed() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let cache = try scratch.copy(work.cache, as: "cache")
    let shard = URL(filePath: "\(cache)/shard-00003.sqlite")
    let bytes = try Data(contentsOf: shard)
    try bytes.dropLast(1024).write(to: shard)
    let before = try FolderContents(scratch.url.path)
    try Pipeline.expectFailure(
      work.trainStudent(output: scratch.path("student"), ["--from-cache", cache]),
      saying: [shard.path, "\(bytes.count - 1024)", "\(bytes.count)"])
    #expect(try FolderContents(scratch.url.path).differences(from: before) == [])
  }
}
