import Console
import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// SIGINT and SIGTERM to real processes.
struct StopTests {
  func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  /// Runs a command that gets the signals that are named.
  func run(_ command: [String], signalWhen: () -> Int32?) throws -> Outcome {
    try Pipeline.run(command, signalWhen: signalWhen)
  }

  /// So long that it never ends before its signal.
  func training(_ work: Workspace, _ output: String) -> [String] {
    work.trainStudent(
      output: output, ["--steps", "400", "--checkpoint-every", "0", "--log-every", "5"])
  }

  @Test(arguments: [(SIGINT, Int32(130)), (SIGTERM, Int32(143))])
  func aSignalLeavesACheckpointAndSaysHowToGoOn(signal: Int32, code: Int32) throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let (whole, student) = (scratch.path("whole"), scratch.path("student"))
    try Pipeline.succeed(training(work, whole))
    var sent = 0
    for _ in 0..<2 {
      var isSent = false
      let before = (try? Evaluation.metrics(student).count) ?? 0
      let command = before == 0 ? training(work, student) : ["train-student", "--resume", student]
      let outcome = try run(command) {
        guard !isSent, let count = try? Evaluation.metrics(student).count, count > before + 2 else {
          return nil
        }
        isSent = true
        return signal
      }
      #expect(outcome.ending == .exited(code), "\(outcome.summary)")
      #expect(outcome.errors.contains("go on with 'pipeline train-student --resume \(student)'"))
      #expect(!exists("\(student)/model.safetensors"))
      let log = try String(contentsOfFile: "\(student)/log.txt", encoding: .utf8)
      #expect(log.contains("stopped after step "))
      if isSent { sent += 1 }
    }
    #expect(sent == 2)
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(student)/checkpoints")
    #expect(names.count == 2 && names.allSatisfy { $0.hasPrefix("step-") }, "\(names)")
    try Pipeline.succeed(["train-student", "--resume", student])
    #expect(
      try FolderContents(student).files["model.safetensors"]
        == FolderContents(whole).files["model.safetensors"])
    #expect(try Evaluation.metricsWithoutTimes(student) == Evaluation.metricsWithoutTimes(whole))
  }

  /// The student waits for a cache that nobody writes, so that the signal finds no step.
  @Test func aSignalEndsTheWaitForAShard() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let cache = scratch.path("cache")
    try Pipeline.kill(work.cacheTeacher(output: cache), writing: cache) {
      exists("\(cache)/shard-00001.sqlite")
    }
    let student = scratch.path("student")
    var isSent = false
    let outcome = try run(
      work.trainStudent(
        output: student,
        ["--from-cache", cache, "--missing", "wait", "--steps", "400", "--log-every", "1"])
    ) {
      guard !isSent, exists("\(student)/log.txt"),
        let log = try? String(contentsOfFile: "\(student)/log.txt", encoding: .utf8),
        log.contains("waiting for shard-")
      else { return nil }
      isSent = true
      return SIGINT
    }
    #expect(outcome.ending == .exited(130), "\(outcome.summary)")
    #expect(outcome.errors.contains("--resume"))
  }

  @Test func twoSignalsLeaveTheLastCheckpoint() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let student = scratch.path("student")
    var sent = 0
    let outcome = try run(
      work.trainStudent(output: student, ["--steps", "400", "--checkpoint-every", "3"])
    ) {
      guard sent < 2, exists("\(student)/checkpoints/step-0000003") else { return nil }
      sent += 1
      return SIGTERM
    }
    // The second may come when the first has done its work.
    #expect(outcome.ending == .exited(143), "\(outcome.summary)")
    try Pipeline.succeed(["train-student", "--resume", student])
  }

  @Test func aTeachersTrainingStopsTheSameWay() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let teacher = scratch.path("teacher")
    var isSent = false
    let outcome = try run(
      ["train-teacher", "--config", "\(work.teacher)/run.yaml", "--output", teacher]
        + ["--checkpoint-every", "5", "--steps", "400"]
    ) {
      guard !isSent, exists("\(teacher)/checkpoints/step-0000005") else { return nil }
      isSent = true
      return SIGINT
    }
    #expect(outcome.ending == .exited(130), "\(outcome.summary)")
    #expect(outcome.errors.contains("'pipeline train-teacher --resume \(teacher)'"))
  }

  @Test func aTeacherPassEndsCleanlyAndTheSameCommandGoesOn() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let cache = scratch.path("cache")
    func interrupted() throws -> Outcome {
      var isSent = false
      return try run(work.cacheTeacher(output: cache)) {
        guard !isSent, exists("\(cache)/shard-00001.sqlite") else { return nil }
        isSent = true
        return SIGINT
      }
    }
    var outcome = try interrupted()
    // On a busy machine the pass may be through before this process looks at it.
    for _ in 0..<9 where outcome.ending == .exited(0) {
      try FileManager.default.removeItem(atPath: cache)
      outcome = try interrupted()
    }
    #expect(outcome.ending == .exited(130), "\(outcome.summary)")
    #expect(outcome.errors.contains("the same command goes on"))
    let next = try Pipeline.succeed(work.cacheTeacher(output: cache))
    #expect(next.errors.contains("resuming: "))
    let differences = try FolderContents(cache).differences(from: FolderContents(work.cache)) {
      $0.hasPrefix("timing-")
    }
    #expect(differences == [])
  }

  @Test func theProgressLineFitsEveryTerminal() {
    let detail = "step 120/4000 loss 12.345 (kl 1.234, mlm 3.456, cos 0.123) rate 4.90e-04"
    func line(_ columns: Int) -> String {
      ProgressBar.line(
        label: "train-student", share: 0.03, detail: detail, left: "2 h 05 min left",
        columns: columns)
    }
    for columns in 0...200 { #expect(line(columns).count <= columns) }
    #expect(line(160).contains("█") || line(160).contains("░"))
    #expect(line(120).hasPrefix("train-student 3 %  step") && line(120).hasSuffix("left"))
    #expect(line(60).hasPrefix("3 %  2 h 05 min left  step 120/4000 loss 12.345"))
  }
}
