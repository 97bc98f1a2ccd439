import Foundation
import ShardStore
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// `pipeline sweep`: students in processes of their own.
struct SweepTests {
  /// The parts of `results.json` that tests read.
  private struct Results: Decodable {
    struct Student: Decodable {
      let name: String
      let status: String
      let evalLoss: Double?
      let message: String?
      let peakBytes: Int?
    }
    struct Group: Decodable {
      struct Spread: Decodable {
        let mean: Double
        let deviation: Double
      }
      let name: String
      let seeds: Int
      let evalLoss: Spread
    }
    let students: [Student]
    let groups: [Group]

    init(_ folder: String) throws {
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      self = try decoder.decode(
        Results.self, from: Data(contentsOf: URL(filePath: "\(folder)/results.json")))
    }
  }

  private struct Sweep {
    let scratch: ScratchFolder
    let folder: String
    let file: String

    /// A sweep of one-layer students.
    init(_ students: String, steps: Int = 12) throws {
      let work = try Workspace.shared()
      scratch = try ScratchFolder()
      folder = scratch.path("sweep")
      file = try scratch.write(
        "sweep.yaml",
        """
        base:
          from-cache: \(work.cache)
          init-from: \(work.teacher)
          eval-corpus: \(work.heldOut)
          layers: 1
          steps: \(steps)
          batch-tokens: 1024
          threads: 1
        \(students)
        """.utf8)
    }

    var command: [String] { ["sweep", file, "--output", folder] }
  }

  @Test func everyStudentIsTheOneThatTrainStudentMakes() throws {
    let work = try Workspace.shared()
    let sweep = try Sweep(
      """
      grid: {seed: [1, 2]}
      students: [{name: hard, hard-labels: true}]
      """)
    let outcome = try Pipeline.succeed(sweep.command + ["--parallel", "2"])
    let results = try Results(sweep.folder)
    #expect(results.students.map(\.name) == ["seed-1", "seed-2", "hard"])
    #expect(
      results.students.allSatisfy { $0.status == "finished" && ($0.peakBytes ?? 0) > 1_000_000 })
    // The student of the workspace has the seed 1, which is the default.
    let weights = try ["\(sweep.folder)/seed-1", work.student].map {
      try Data(contentsOf: URL(filePath: "\($0)/model.safetensors"))
    }
    #expect(weights[0] == weights[1])
    let losses = try results.students.map { try #require($0.evalLoss) }
    let group = try #require(results.groups.first)
    #expect(results.groups.count == 1 && group.seeds == 2)
    #expect(abs(group.evalLoss.mean - (losses[0] + losses[1]) / 2) < 1e-9)
    // The sample deviation of two values is their difference over the root of 2.
    #expect(abs(group.evalLoss.deviation - abs(losses[0] - losses[1]) / 2.0.squareRoot()) < 1e-9)
    for name in ["seed-1", "seed-2", "hard", "±"] { #expect(outcome.output.contains(name)) }
    let table = try String(
      contentsOf: URL(filePath: "\(sweep.folder)/results.tsv"), encoding: .utf8
    ).split(separator: "\n").map { $0.split(separator: "\t", omittingEmptySubsequences: false) }
    #expect(table[0].prefix(4) == ["name", "status", "seed", "hard-labels"])
    #expect(table[1].prefix(4) == ["seed-1", "finished", "1", ""])
    #expect(table[3].prefix(4) == ["hard", "finished", "", "true"])
    #expect(table.allSatisfy { $0.count == table[0].count })
    let page = try String(
      contentsOf: URL(filePath: "\(sweep.folder)/report.html"), encoding: .utf8)
    #expect(page.contains("data-students=\"3\""))
    #expect(page.contains("data-groups=\"1\""))
    #expect(page.contains("<small>teacher</small>"))
  }

  @Test func aStudentThatFailsIsSaidAndTheOthersGoOn() throws {
    // Eight layers are asked of a teacher of two: only the student itself finds out.
    let sweep = try Sweep("grid: {layers: [8, 1]}", steps: 3)
    let outcome = try Pipeline.run(sweep.command)
    #expect(outcome.ending == .exited(1))
    #expect(
      outcome.errors.contains("1 of 2 students failed: layers-8"), "\(outcome.summary)")
    let results = try Results(sweep.folder)
    #expect(results.students.map(\.status) == ["failed", "finished"])
    #expect(results.students[0].message?.contains("--layers 8, but") == true)
    let log = try String(
      contentsOf: URL(filePath: "\(sweep.folder)/layers-8/output.log"), encoding: .utf8)
    #expect(log.contains("--layers 8, but"))
  }

  @Test func aKilledSweepGoesOnWithoutRepeatingWhatIsFinished() throws {
    let sweep = try Sweep("grid: {seed: [1, 2, 3]}", steps: 40)
    let killed = try Pipeline.run(
      sweep.command,
      killWhen: {
        let students = (try? Results(sweep.folder))?.students ?? []
        return students.contains { $0.status == "finished" }
      })
    #expect(killed.ending == .signalled(SIGKILL))
    let log = URL(filePath: "\(sweep.folder)/seed-1/output.log")
    let before = try Data(contentsOf: log)
    // One, unless the kill came late.
    let finished = try Results(sweep.folder).students.count { $0.status == "finished" }
    let outcome = try Pipeline.succeed(sweep.command)
    let said = "\(finished) student\(finished == 1 ? "" : "s") of 3 finished before"
    #expect(outcome.errors.contains(said), "\(outcome.summary)")
    #expect(try Data(contentsOf: log) == before)
    let results = try Results(sweep.folder)
    #expect(results.students.allSatisfy { $0.status == "finished" })
    // Once more there is nothing to do.
    let again = try Pipeline.succeed(sweep.command)
    #expect(again.errors.contains("3 students of 3 finished before"))
    #expect(!again.errors.contains("begun"))
  }

  /// As a student does that outlived a killed sweep, and is there a moment before the new one's.
  @Test func aStudentWhoseFolderIsInUseWaitsForIt() throws {
    let sweep = try Sweep("grid: {seed: [1, 2]}", steps: 3)
    let student = URL(filePath: "\(sweep.folder)/seed-1")
    var lock: FolderLock?
    var seconds = 0.0
    let begin = ContinuousClock.now
    let outcome = try Pipeline.run(
      sweep.command,
      signalWhen: {
        // Between the sweep's look at the folder and the lock of its student, which starts slowly.
        let log = student.appending(path: "output.log").path
        if lock == nil, seconds == 0, FileManager.default.fileExists(atPath: log) {
          lock = try? FolderLock(folder: student)
          seconds = lock == nil ? .infinity : (ContinuousClock.now - begin) / .seconds(1)
        }
        if lock != nil, (ContinuousClock.now - begin) / .seconds(1) > seconds + 1.5 { lock = nil }
        return nil
      })
    #expect(outcome.ending == .exited(0), "\(outcome.summary)")
    #expect(try Results(sweep.folder).students.map(\.status) == ["finished", "finished"])
    let said = try String(contentsOfFile: "\(student.path)/output.log", encoding: .utf8)
    #expect(
      seconds == .infinity || said.contains("another process is training in"), "\(outcome.summary)")
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func aSignalStopsTheStudentsAndTheSameCommandGoesOn(_ signal: Int32) throws {
    let sweep = try Sweep("grid: {seed: [1, 2]}", steps: 400)
    var isSent = false
    let stopped = try ChildProcess.run(
      Pipeline.executable, sweep.command,
      signalWhen: {
        let metrics = URL(filePath: "\(sweep.folder)/seed-1/metrics.jsonl")
        guard !isSent, let size = try? Data(contentsOf: metrics).count, size > 0 else { return nil }
        isSent = true
        return signal
      })
    #expect(stopped.ending == .exited(128 + signal), "\(stopped.summary)")
    #expect(stopped.errors.contains("go on with 'pipeline sweep"))
    #expect(try Results(sweep.folder).students.map(\.status) == ["interrupted", "waiting"])
    #expect(!FileManager.default.fileExists(atPath: "\(sweep.folder)/seed-1/finished.json"))
    try Pipeline.succeed(sweep.command + ["--no-report"])
    #expect(try Results(sweep.folder).students.allSatisfy { $0.status == "finished" })
  }

  @Test func changedOptionsOfABegunStudentAreRefused() throws {
    let sweep = try Sweep("students: [{name: a, steps: 3}]")
    try Pipeline.succeed(sweep.command + ["--no-report"])
    let text = try String(contentsOf: URL(filePath: sweep.file), encoding: .utf8)
    try Data(text.replacing("steps: 3", with: "steps: 4").utf8)
      .write(to: URL(filePath: sweep.file))
    try Pipeline.expectFailure(
      sweep.command, saying: ["holds a run of other options", "'steps: 3' there", "'steps: 4' now"])
  }

  @Test func aDryRunPrintsTheStudentsAndWritesNothing() throws {
    let sweep = try Sweep("grid: {temperature: [1, 2]}")
    let outcome = try Pipeline.succeed(sweep.command + ["--dry-run"])
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines[0].hasPrefix("temperature-1: --from-cache="))
    #expect(lines[1].hasSuffix("--temperature=2"))
    #expect(!FileManager.default.fileExists(atPath: sweep.folder))
  }

  @Test func aWrongValueIsSaidBeforeAnythingIsTrained() throws {
    let sweep = try Sweep("grid: {layers: [1, many]}")
    let outcome = try Pipeline.run(sweep.command)
    #expect(outcome.ending == .exited(64))
    #expect(outcome.errors.contains("student 'layers-many'"), "\(outcome.summary)")
    #expect(!FileManager.default.fileExists(atPath: sweep.folder))
  }
}
