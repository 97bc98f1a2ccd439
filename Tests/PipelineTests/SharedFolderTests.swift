import Foundation
import Synchronization
import TestSupport
import Testing
import Transformer

/// Several processes on one cache folder, killed and started again.
struct SharedFolderTests {
  /// Runs a command again and again in some processes at once; each is killed a few times.
  ///
  /// A kill comes a few milliseconds after so many shards are sealed, by whichever process, so that every
  /// machine sees them, however fast it is and whatever else it does.
  /// - Returns: How many were killed, and what went wrong.
  private func run(
    _ command: [String], folder: String, shards: Int, processes: Int, kills: Int, seed: UInt64
  ) -> (kills: Int, failures: [String]) {
    let state = Mutex((kills: 0, failures: [String]()))
    SideBySide.run(processes) { number in
      var generator = SplitMix64(seed: seed + UInt64(number))
      for attempt in 0...kills {
        let sealed = attempt * shards / (kills + 1) + Int(generator.next() % 3)
        let delay = Duration.milliseconds(Int64(generator.next() % 80))
        var moment: ContinuousClock.Instant?
        do {
          let outcome = try Pipeline.run(command) {
            guard attempt < kills else { return false }
            if moment == nil, Self.sealed(folder) >= sealed { moment = .now + delay }
            return moment.map { .now >= $0 } ?? false
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

  /// Shards that are sealed.
  private static func sealed(_ folder: String) -> Int {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.count { $0.hasPrefix("shard-") && $0.hasSuffix(".sqlite") }
  }

  @Test func fourProcessesWithRandomKillsGiveTheBytesOfOne() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let options = ["--replicas", "4", "--tail", "hidden"]
    try Pipeline.succeed(work.cacheTeacher(output: scratch.path("one"), options))
    let expected = try FolderContents(scratch.path("one"))
    var kills = 0
    for seed in [UInt64(1), 100] {
      let folder = scratch.path("four-\(seed)")
      let result = run(
        work.cacheTeacher(output: folder, options), folder: folder,
        shards: Self.sealed(scratch.path("one")), processes: 4, kills: 4, seed: seed)
      #expect(result.failures == [])
      kills += result.kills
      let differences = try FolderContents(folder).differences(from: expected) {
        $0.hasPrefix("timing-")
      }
      #expect(differences == [], "seed \(seed)")
    }
    // The first kill of each process comes before much is done.
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
    SideBySide.run(2) { number in
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
