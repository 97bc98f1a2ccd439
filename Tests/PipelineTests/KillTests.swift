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

  /// The same, again in an empty folder where the run ended before, as it may on a busy machine.
  private func killSurely(
    _ command: [String], writing folder: String, at moment: Moment, wholeSeconds: Double
  ) throws -> Bool {
    for _ in 0..<3 {
      if try kill(command, writing: folder, at: moment, wholeSeconds: wholeSeconds) { return true }
      try FileManager.default.removeItem(atPath: folder)
    }
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
      if try killSurely(command, writing: cache, at: moment, wholeSeconds: seconds) { kills += 1 }
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
    let moments = [
      Moment.bytes(60_000, ending: "shard-00000.sqlite.partial-wal"),
      .files(1, ending: "shard-00001.sqlite"),
      .bytes(60_000, ending: "shard-00003.sqlite.partial-wal"),
      .files(1, ending: "shard-00005.sqlite.partial"),
    ]
    // On a busy machine the pass may be through before this process is asked again: then all anew.
    var kills = 0
    for _ in 0..<10 where kills < moments.count {
      try? FileManager.default.removeItem(atPath: cache)
      kills = 0
      while kills < moments.count,
        try kill(command, writing: cache, at: moments[kills], wholeSeconds: 0)
      {
        kills += 1
      }
    }
    try #require(kills == moments.count)
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
      if try killSurely(command, writing: student, at: moment, wholeSeconds: seconds) { kills += 1 }
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

  /// Every tail, with states and other positions; each killed several times in one folder.
  @Test(arguments: [
    ["--tail", "sampled", "--states", "bf16"], ["--tail", "hidden", "--states", "fp16"],
    ["--tail", "scalars", "--positions", "all", "--states", "int8"],
  ])
  func aTeacherPassOfAnyTargetAndItsStudentKilledAgainAndAgainEndInTheSameBytes(
    options: [String]
  ) throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let (wholeCache, cache) = (scratch.path("whole-cache"), scratch.path("cache"))
    let seconds = try time(work.cacheTeacher(output: wholeCache, options))
    for moment in Self.shares(seed: 99, count: 4) {
      _ = try kill(
        work.cacheTeacher(output: cache, options), writing: cache, at: moment,
        wholeSeconds: seconds)
    }
    try Pipeline.succeed(work.cacheTeacher(output: cache, options))
    let differences = try FolderContents(cache).differences(from: FolderContents(wholeCache)) {
      $0.hasPrefix("timing-")
    }
    #expect(differences == [])

    // Samples are of probabilities at T = 1.
    let temperature = options.contains("sampled") ? ["--temperature", "1"] : []
    let training =
      ["--from-cache", cache, "--checkpoint-every", "2", "--log-every", "2"] + temperature
    let (whole, student) = (scratch.path("whole"), scratch.path("student"))
    let trainingSeconds = try time(work.trainStudent(output: whole, training))
    for moment in Self.shares(seed: 100, count: 4) {
      _ = try kill(
        work.trainStudent(output: student, training), writing: student, at: moment,
        wholeSeconds: trainingSeconds)
    }
    try Pipeline.succeed(work.trainStudent(output: student, training))
    #expect(
      try FolderContents(student).files["model.safetensors"]
        == FolderContents(whole).files["model.safetensors"])
    #expect(
      try Evaluation.metricsWithoutTimes(student) == Evaluation.metricsWithoutTimes(whole))
  }

  @Test(arguments: [1, 2]) func aKilledTokenizationEndsInTheSameBytes(jobs: Int) throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let text = try scratch.write("text.txt", SmallText.lines("train.txt.gz", count: 700).utf8)
    let options = ["--jobs", "\(jobs)", "--deduplicate", "--held-out", "0.2", "--cut", "word"]
    let tokenize = {
      Workspace.tokenize(text, vocabulary: work.vocabulary, output: $0) + options
    }
    let whole = scratch.path("whole/corpus")
    let seconds = try time(tokenize(whole))
    let expected = try FolderContents(scratch.path("whole"))
    #expect(expected.names.contains("corpus-held-out/manifest.json"))
    var kills = 0
    var resumed = 0
    let moments: [Moment] =
      [
        .files(1, ending: "shard-00000.sqlite.sealing"), .files(1, ending: "journal.json"),
        .files(1, ending: "shard-00002.sqlite"), .files(1, ending: "shard-00005.sqlite.sealing"),
        .files(1, ending: "held-out/shard-00001.sqlite"), .files(1, ending: "manifest.json"),
      ] + Self.shares(seed: 7 + UInt64(jobs), count: 3)
    for (number, moment) in moments.enumerated() {
      let parent = scratch.path("killed-\(number)")
      let command = tokenize("\(parent)/corpus")
      if try killSurely(command, writing: parent, at: moment, wholeSeconds: seconds) { kills += 1 }
      if try Pipeline.succeed(command).errors.contains("resuming: ") { resumed += 1 }
      let differences = try FolderContents(parent).differences(from: expected)
      #expect(differences == [], "killed at \(moment)")
    }
    #expect(kills >= 3, "\(kills) of \(moments.count) runs were killed")
    #expect(resumed >= 2, "\(resumed) of \(kills) killed runs went on")
  }

  /// Several inputs of several units of text each, so that a build goes on in the midst of them.
  @Test(arguments: [
    ["--mix-documents"], ["--documents", "file", "--cut", "sentence"],
    ["--held-out", "0.1", "--deduplicate", "--one-per-document"],
  ])
  func aTokenizationKilledAgainAndAgainEndsInTheSameBytes(options: [String]) throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let lines = try SmallText.lines("train.txt.gz", count: 700).split(separator: "\n")
    let text = (0..<12).map { number in lines.map { "\(number) \($0)\n" }.joined() }.joined()
    let table = text.split(separator: "\n").enumerated().map { number, line in
      number % 997 == 500 ? "bad\n" : "\(number),\"\(line.replacing("\"", with: "\"\""))\nx\"\n"
    }
    let inputs = [
      try scratch.write("1.txt", text.utf8), try scratch.write("2.csv", table.joined().utf8),
      try scratch.write("3.txt", Array(text.utf8) + [0xFF]),
    ]
    let compressed = try ChildProcess.run("gzip", [inputs[2]])
    try #require(compressed.ending == .exited(0))
    let tokenize = { (output: String) in
      ["tokenize", inputs[0], inputs[1], inputs[2] + ".gz", "--tokenizer", work.vocabulary]
        + ["--output", output, "--shard-tokens", "60000", "--column", "2", "--jobs", "2"]
        + ["--bad-lines", "skip"] + options
    }
    try Pipeline.succeed(tokenize(scratch.path("whole/corpus")))
    let expected = try FolderContents(scratch.path("whole"))
    let shards = expected.names.count { $0.hasSuffix(".sqlite") }
    #expect(shards > 20, "\(shards) shards")
    let corpus = scratch.path("killed/corpus")
    var resumed = 0
    for share in [2, 5, 9, 14, 18] {
      let name = String(format: "corpus/shard-%05d.sqlite", shards * share / 20)
      let outcome = try Pipeline.run(tokenize(corpus)) {
        !paths(scratch.path("killed"), ending: name).isEmpty
      }
      if outcome.errors.contains("resuming: ") { resumed += 1 }
    }
    let last = try Pipeline.succeed(tokenize(corpus))
    // A run may end before it is killed; then the next one finds all done.
    #expect(resumed >= 2 || last.errors.contains("resuming: "), "\(resumed)")
    #expect(try FolderContents(scratch.path("killed")).differences(from: expected) == [])
  }
}
