import Foundation
import Testing

/// A disk without space: the error says so, nothing half-written passes for a result, and with more
/// space the same command ends as on a large disk.
@Suite(
  .enabled(if: SmallDisk.isAvailable, "skipped: mounting a small disk needs root"))
struct FullDiskTests {
  /// Space for everything that a command of these tests writes.
  private static let enough = 32_000

  /// Runs a command on disks of several sizes, all too small, then on one that is not.
  private func expectFullThenFinished(
    kilobytes: [Int], reference: String, ignoring: (String) -> Bool = { _ in false },
    absent: [String], command: (String) -> [String]
  ) throws {
    for size in kilobytes {
      let disk = try SmallDisk(kilobytes: size)
      let output = "\(disk.path)/output"
      let outcome = try Pipeline.expectFailure(command(output), saying: [output])
      let message = outcome.errors.lowercased()
      #expect(
        message.contains("no space left") || message.contains("isn’t enough space"),
        "\(outcome.summary)")
      let names = try FolderContents(disk.path).names
      #expect(!names.contains { name in absent.contains { name.hasSuffix($0) } }, "\(names)")
      try disk.resize(kilobytes: Self.enough)
      try Pipeline.succeed(command(output))
      let differences = try FolderContents(output).differences(
        from: FolderContents(reference), ignoring: ignoring)
      #expect(differences == [], "\(size) kB")
    }
  }

  @Test func tokenizeSaysThatTheDiskIsFull() throws {
    let work = try Workspace.shared()
    try expectFullThenFinished(
      kilobytes: [4, 40, 100], reference: work.corpus, absent: ["manifest.json", ".sqlite"]
    ) {
      Workspace.tokenize(work.text, vocabulary: work.vocabulary, output: $0)
    }
  }

  @Test func trainVocabSaysThatTheDiskIsFull() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    func command(_ output: String) -> [String] {
      ["train-vocab", work.text, "--output", output, "--size", "3000"]
    }
    let reference = scratch.path("reference")
    try Pipeline.succeed(command(reference))
    try expectFullThenFinished(
      kilobytes: [4, 16], reference: reference, absent: ["output"], command: command)
  }

  @Test func cacheTeacherSaysThatTheDiskIsFull() throws {
    let work = try Workspace.shared()
    try expectFullThenFinished(
      kilobytes: [4, 8, 16, 400, 1100], reference: work.cache,
      ignoring: { $0.hasPrefix("timing-") }, absent: [".sealing"]
    ) {
      work.cacheTeacher(output: $0)
    }
  }

  /// The streams of other targets, and the student that reads them.
  @Test func otherTargetsSayThatTheDiskIsFull() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let options = ["--tail", "sampled", "--states", "bf16", "--positions", "all"]
    let (cache, student) = (scratch.path("cache"), scratch.path("student"))
    try Pipeline.succeed(work.cacheTeacher(output: cache, options))
    try expectFullThenFinished(
      kilobytes: [40, 700], reference: cache, ignoring: { $0.hasPrefix("timing-") },
      absent: [".sealing"]
    ) {
      work.cacheTeacher(output: $0, options)
    }
    let training = ["--from-cache", cache, "--checkpoint-every", "5", "--temperature", "1"]
    try Pipeline.succeed(work.trainStudent(output: student, training))
    let other = [
      "checkpoints", "metrics.jsonl", "finished.json", "run.json", "run.yaml", "log.txt",
      "tensorboard",
    ]
    try expectFullThenFinished(
      kilobytes: [200, 400], reference: student,
      ignoring: { path in other.contains { path.hasPrefix($0) } },
      absent: ["config.json", "model.safetensors", "finished.json"]
    ) {
      work.trainStudent(output: $0, training)
    }
  }

  /// The folder of a run of these options has about 600 kB.
  @Test func trainStudentSaysThatTheDiskIsFull() throws {
    let work = try Workspace.shared()
    // They hold times and intervals.
    let other = [
      "checkpoints", "metrics.jsonl", "finished.json", "run.json", "run.yaml", "log.txt",
      "tensorboard",
    ]
    try expectFullThenFinished(
      kilobytes: [4, 8, 100, 300, 400, 500], reference: work.student,
      ignoring: { path in other.contains { path.hasPrefix($0) } },
      absent: [
        "config.json", "model.safetensors", "finished.json", ".partial-step-0000005",
        ".partial-step-0000010",
      ]
    ) {
      work.trainStudent(output: $0, ["--checkpoint-every", "5"])
    }
  }
}
