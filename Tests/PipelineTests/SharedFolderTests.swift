import Foundation
import Synchronization
import Testing
import Transformer

/// Several processes on one cache folder, killed and started again.
struct SharedFolderTests {
  /// Runs a command again and again in some processes at once; each is killed a few times.
  ///
  /// The kills come in the first part of the time that one process alone needs (`seconds`), since four
  /// are done sooner.
  /// - Returns: How many were killed, and what went wrong.
  private func run(
    _ command: [String], processes: Int, kills: Int, within seconds: Double, seed: UInt64
  ) -> (kills: Int, failures: [String]) {
    let state = Mutex((kills: 0, failures: [String]()))
    DispatchQueue.concurrentPerform(iterations: processes) { number in
      var generator = SplitMix64(seed: seed + UInt64(number))
      for attempt in 0...kills {
        let share = 0.02 + 0.4 * Double(generator.next() >> 11) / Double(1 << 53)
        let deadline = ContinuousClock.now + .seconds(share * seconds)
        do {
          let outcome = try Pipeline.run(command) {
            attempt < kills && ContinuousClock.now > deadline
          }
          switch outcome.ending {
          case .exited(0): return
          case .signalled(SIGKILL): state.withLock { $0.kills += 1 }
          default: state.withLock { $0.failures.append(outcome.summary) }
          }
        } catch {
          state.withLock { $0.failures.append("\(error)") }
        }
      }
    }
    return state.withLock { $0 }
  }

  @Test func fourProcessesWithRandomKillsGiveTheBytesOfOne() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let options = ["--replicas", "4", "--tail", "hidden"]
    let start = ContinuousClock.now
    try Pipeline.succeed(work.cacheTeacher(output: scratch.path("one"), options))
    let elapsed = (ContinuousClock.now - start).components
    let seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
    let expected = try FolderContents(scratch.path("one"))
    var kills = 0
    for seed in [UInt64(1), 100] {
      let folder = scratch.path("four-\(seed)")
      let result = run(
        work.cacheTeacher(output: folder, options), processes: 4, kills: 4, within: seconds,
        seed: seed)
      #expect(result.failures == [])
      kills += result.kills
      let differences = try FolderContents(folder).differences(from: expected) {
        $0.hasPrefix("timing-")
      }
      #expect(differences == [], "seed \(seed)")
    }
    // Which of them end before they are killed depends on the machine.
    #expect(kills >= 8, "\(kills) processes were killed")
  }

  @Test func aShareOfASchedulerNeitherWaitsNorDoesTheOthers() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let cache = scratch.path("cache")
    let first = try Pipeline.succeed(
      work.cacheTeacher(output: cache, ["--worker", "1", "--workers", "2"]))
    #expect(first.errors.contains("others still have shards to fill"))
    try Pipeline.expectFailure(
      work.trainStudent(output: scratch.path("student"), ["--from-cache", cache]),
      saying: ["shards are complete", "--missing wait"])
    try Pipeline.succeed(work.cacheTeacher(output: cache, ["--worker", "0", "--workers", "2"]))
    let differences = try FolderContents(cache).differences(from: FolderContents(work.cache)) {
      $0.hasPrefix("timing-")
    }
    #expect(differences == [])
  }

  @Test func aStudentThatWaitsForTheTeacherIsThatOfTheCompleteCache() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let (cache, student) = (scratch.path("cache"), scratch.path("student"))
    let commands = [
      work.trainStudent(
        output: student, ["--from-cache", cache, "--missing", "wait", "--missing-timeout", "60"]),
      work.cacheTeacher(output: cache),
    ]
    let outcomes = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 2) { number in
      // The student is there first.
      if number == 1 { Thread.sleep(forTimeInterval: 0.5) }
      let said = Result { try Pipeline.succeed(commands[number]).errors }
      outcomes.withLock {
        switch said {
        case .success(let text): $0.append(text)
        case .failure(let error): $0.append("failed: \(error)")
        }
      }
    }
    let said = outcomes.withLock { $0 }
    #expect(!said.contains { $0.hasPrefix("failed") }, "\(said)")
    #expect(said.contains { $0.contains("waiting for the cache's tables: no process is writing") })
    #expect(
      try FolderContents(student).files["model.safetensors"]
        == FolderContents(work.student).files["model.safetensors"])
  }

  @Test func skippedSequencesAreToldEvenToAQuietRun() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let (cache, student) = (scratch.path("cache"), scratch.path("student"))
    try Pipeline.succeed(work.cacheTeacher(output: cache, ["--worker", "0", "--workers", "2"]))
    let outcome = try Pipeline.succeed(
      work.trainStudent(output: student, ["--from-cache", cache, "--missing", "skip", "--quiet"]))
    #expect(outcome.errors.contains("sequences were not trained on"))
    let finished = try String(
      contentsOf: URL(filePath: "\(student)/finished.json"), encoding: .utf8)
    #expect(finished.contains("skippedSequences"))
  }
}
