import Foundation
import Testing
import Transformer

#if canImport(Glibc)
  import Glibc
#endif

/// SIGKILL at some moment, then the same command: the bytes are those of a run without the kill.
struct KillTests {
  /// When a run is killed.
  enum Moment: CustomTestStringConvertible, Sendable {
    /// As soon as this many files whose path ends so are there.
    case files(Int, ending: String)
    /// As soon as the first file whose path ends so has grown to this many bytes.
    case bytes(Int, ending: String)
    /// After this share of the time that a whole run takes.
    case share(Double)

    var testDescription: String { "\(self)" }
  }

  /// Shares of a run's time from a fixed seed.
  static func shares(seed: UInt64, count: Int) -> [Moment] {
    var generator = SplitMix64(seed: seed)
    return (0..<count).map { _ in
      .share(0.05 + 0.9 * Double(generator.next() >> 11) / Double(1 << 53))
    }
  }

  /// Runs a command until the moment, and kills it then.
  ///
  /// - Returns: False where the run ended before.
  private func kill(
    _ command: [String], writing folder: String, at moment: Moment, wholeSeconds: Double
  ) throws -> Bool {
    let start = ContinuousClock.now
    let outcome = try Pipeline.run(command) {
      switch moment {
      case .files(let count, let ending):
        return paths(folder, ending: ending).count >= count
      case .bytes(let count, let ending):
        return paths(folder, ending: ending).contains { path in
          var status = stat()
          return stat(path, &status) == 0 && status.st_size >= count
        }
      case .share(let share):
        return ContinuousClock.now - start > .seconds(share * wholeSeconds)
      }
    }
    if outcome.ending == .signalled(SIGKILL) { return true }
    #expect(outcome.ending == .exited(0), "\(outcome.summary)")
    return false
  }

  private func paths(_ folder: String, ending: String) -> [String] {
    (FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? [])
      .filter { $0.hasSuffix(ending) }.map { "\(folder)/\($0)" }
  }

  /// Seconds of a run that is not killed.
  private func time(_ command: [String]) throws -> Double {
    let start = ContinuousClock.now
    try Pipeline.succeed(command)
    let elapsed = (ContinuousClock.now - start).components
    return Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
  }

  @Test func aKilledTeacherPassEndsInTheSameBytes() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let options = ["--replicas", "2", "--tail", "hidden"]
    let whole = scratch.path("whole")
    let seconds = try time(work.cacheTeacher(output: whole, options))
    let expected = try FolderContents(whole)
    var kills = 0
    let moments: [Moment] =
      [
        .files(1, ending: "manifest.json"), .files(1, ending: "shard-00000.sqlite.partial"),
        .bytes(100_000, ending: "shard-00000.sqlite.partial-wal"),
        .files(1, ending: ".sealing"), .files(2, ending: "shard-00001.sqlite"),
        .bytes(200_000, ending: "shard-00004.sqlite.partial-wal"),
        .files(1, ending: "shard-00011.sqlite.partial"),
      ] + Self.shares(seed: 20_240_607, count: 5)
    for (number, moment) in moments.enumerated() {
      let cache = scratch.path("killed-\(number)")
      let command = work.cacheTeacher(output: cache, options)
      if try kill(command, writing: cache, at: moment, wholeSeconds: seconds) { kills += 1 }
      try Pipeline.succeed(command)
      let differences = try FolderContents(cache).differences(from: expected) {
        $0.hasPrefix("timing-")
      }
      #expect(differences == [], "killed at \(moment)")
    }
    // The moments that are files come in every run; a share may miss on a busy machine.
    #expect(kills >= 6, "\(kills) of \(moments.count) runs were killed")
  }

  @Test func aTeacherPassKilledAgainAndAgainEndsInTheSameBytes() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let cache = scratch.path("cache")
    let command = work.cacheTeacher(output: cache)
    for moment in [
      Moment.bytes(60_000, ending: "shard-00000.sqlite.partial-wal"),
      .files(1, ending: "shard-00001.sqlite"),
      .bytes(60_000, ending: "shard-00003.sqlite.partial-wal"),
      .files(1, ending: "shard-00005.sqlite.partial"),
    ] {
      let isKilled = try kill(command, writing: cache, at: moment, wholeSeconds: 0)
      #expect(isKilled, "\(moment)")
    }
    let outcome = try Pipeline.succeed(command)
    #expect(outcome.errors.contains("resuming: "))
    let differences = try FolderContents(cache).differences(from: FolderContents(work.cache)) {
      $0.hasPrefix("timing-")
    }
    #expect(differences == [])
  }

  @Test func aKilledTrainingEndsInTheSameWeightsAndMetrics() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let options =
      ["--checkpoint-every", "3", "--log-every", "2", "--eval-corpus", work.heldOut]
      + ["--eval-every", "8", "--steps", "40"]
    let whole = scratch.path("whole")
    let seconds = try time(work.trainStudent(output: whole, options))
    let exports = [
      "config.json", "model.safetensors", "vocab.txt", "tokenizer_config.json", "tokenizer.json",
    ]
    let expected = try FolderContents(whole)
    let metrics = try Evaluation.metricsWithoutTimes(whole)
    #expect(metrics.count == 21 + 5)
    var kills = 0
    let moments: [Moment] =
      [
        .files(1, ending: "run.json"), .files(1, ending: "step-0000003/state.json"),
        .files(1, ending: ".partial-step-0000009"),
        .files(1, ending: "step-0000015/optimizer.safetensors"),
        .files(1, ending: "step-0000040"), .files(1, ending: "finished.json"),
      ] + Self.shares(seed: 31_337, count: 4)
    for (number, moment) in moments.enumerated() {
      let student = scratch.path("killed-\(number)")
      let command = work.trainStudent(output: student, options)
      if try kill(command, writing: student, at: moment, wholeSeconds: seconds) { kills += 1 }
      try Pipeline.succeed(command)
      let found = try FolderContents(student)
      for name in exports {
        #expect(found.files[name] == expected.files[name], "\(name), killed at \(moment)")
      }
      // Foundation's own temporary names, of which a kill may leave one.
      let names = found.names.filter { !$0.contains(".dat.nosync") }
      #expect(names == expected.names, "killed at \(moment)")
      #expect(try Evaluation.metricsWithoutTimes(student) == metrics, "killed at \(moment)")
    }
    #expect(kills >= 4, "\(kills) of \(moments.count) runs were killed")
  }

  @Test func aKilledTokenizationEndsInTheSameBytes() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let text = try scratch.write("text.txt", SmallText.lines("train.txt.gz", count: 700).utf8)
    let whole = scratch.path("whole")
    let tokenize = { Workspace.tokenize(text, vocabulary: work.vocabulary, output: $0) }
    let seconds = try time(tokenize(whole))
    let expected = try FolderContents(whole)
    var kills = 0
    let moments: [Moment] =
      [
        .files(1, ending: "shard-00000.sqlite.partial"), .files(1, ending: "shard-00002.sqlite"),
        .files(1, ending: "shard-00006.sqlite.partial-wal"), .files(1, ending: "manifest.json"),
      ] + Self.shares(seed: 7, count: 3)
    for (number, moment) in moments.enumerated() {
      let parent = scratch.path("killed-\(number)")
      let command = tokenize("\(parent)/corpus")
      if try kill(command, writing: parent, at: moment, wholeSeconds: seconds) { kills += 1 }
      try Pipeline.succeed(command)
      let differences = try FolderContents("\(parent)/corpus").differences(from: expected)
      #expect(differences == [], "killed at \(moment)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: parent) == ["corpus"])
    }
    #expect(kills >= 3, "\(kills) of \(moments.count) runs were killed")
  }
}
