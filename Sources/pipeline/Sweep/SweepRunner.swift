import ArgumentParser
import Console
import Foundation
import Logging
import ShardStore
import StudentTrainer
import Transformer

/// Trains the students of a sweep, each in a process of its own.
///
/// The folder of a student holds its options (`student.yaml`), what its process said (`output.log`) and its
/// run. One thread; the processes are asked how they are ten times a second.
struct SweepRunner {
  /// How many students are trained at once.
  enum Parallelism {
    case fixed(Int)
    /// As many as memory and threads allow, once the first has shown what it takes.
    case automatic
  }

  /// The students.
  let plan: SweepPlan
  /// The sweep's folder.
  let folder: URL
  /// How many at once.
  let parallelism: Parallelism
  /// Threads that they share.
  let threads: Int
  /// Whether to keep silent.
  let quiet: Bool
  /// The log.
  let log: Logger
  /// The results so far.
  private(set) var results: SweepResults

  private static let optionsName = "student.yaml"
  /// Share of the memory that is there which students may take in all.
  private static let memoryShare = 0.8

  /// Prepares the folder: takes over what an earlier call finished.
  ///
  /// - Throws: `CommandFailure` where a student of the folder has other options.
  init(
    plan: SweepPlan, folder: URL, parallelism: Parallelism, threads: Int, quiet: Bool, log: Logger
  ) throws {
    self.plan = plan
    self.folder = folder
    self.parallelism = parallelism
    self.threads = threads
    self.quiet = quiet
    self.log = log
    let earlier = SweepResults.read(folder: folder)?.students ?? []
    let known = Dictionary(earlier.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    results = SweepResults(
      columns: plan.columns,
      students: plan.students.map { student in
        let settings = Dictionary(
          student.settings.map { ($0.option, $0.value) }, uniquingKeysWith: { $1 })
        var result = SweepResults.Student(
          name: student.name, group: student.group, settings: settings)
        let run = folder.appending(path: student.name)
        if let before = known[student.name], before.status == .finished,
          (try? TrainingSummary.read(folder: run)) != nil
        {
          result = before
          (result.group, result.settings) = (student.group, settings)
        } else {
          result.peakBytes = known[student.name]?.peakBytes
        }
        return result
      })
    for student in plan.students { try writeOptions(student) }
  }

  /// Folders of the students that have begun.
  var runs: [String] {
    plan.students.map { folder.appending(path: $0.name) }.filter {
      !RunFolders.isEmpty($0)
    }.map(\.path)
  }

  /// Trains what is not finished.
  ///
  /// - Parameter stopSignal: A signal that came to end the sweep, nil for none.
  /// - Returns: The signal that ended it before all students were through, nil for none.
  /// - Throws: What writing the results throws; the students at work are ended first.
  mutating func run(stopSignal: () -> Int32?) throws -> Int32? {
    var waiting = results.students.indices.filter { results.students[$0].status != .finished }
    var atWork: [SweepChild] = []
    var board = SweepBoard(quiet: quiet)
    var (passedOn, saidBusy): (Int32?, Set<Int>) = (nil, [])
    defer {
      board.clear()
      for child in atWork { child.send(SIGTERM) }
    }
    try results.write(to: folder)
    while !atWork.isEmpty || (passedOn == nil && !waiting.isEmpty) {
      if passedOn == nil, let signal = stopSignal() {
        passedOn = signal
        for child in atWork { child.send(signal) }
        board.clear()
        log.notice("stopping \(Format.count(atWork.count, "student")); each writes a checkpoint")
      }
      if passedOn == nil, let next = waiting.first, hasRoom(atWork) {
        // A student that outlived a killed sweep goes on by itself; the others come first.
        let index = waiting.first { !isBusy($0) }
        if let index {
          waiting.removeAll { $0 == index }
          atWork.append(try start(index, beside: atWork.count, waiting: waiting.count))
          continue
        } else if saidBusy.insert(next).inserted {
          board.clear()
          log.notice("another process trains \(plan.students[next].name); waiting for it")
        }
      }
      for child in atWork where !child.isRunning() {
        atWork.removeAll { $0.index == child.index }
        board.clear()
        note(child, stopped: passedOn != nil)
        // A process that outlived another sweep was in the folder first.
        if results.students[child.index].status == .waiting { waiting.insert(child.index, at: 0) }
        try results.write(to: folder)
      }
      board.update { atWork.map { SweepBoard.line(plan.students[$0.index].name, $0.progress) } }
      Thread.sleep(forTimeInterval: 0.1)
    }
    return waiting.isEmpty && !results.students.contains { $0.status == .interrupted }
      ? nil : passedOn
  }

  /// Students at once, as far as is known now.
  private var width: Int {
    switch parallelism {
    case .fixed(let count): return count
    case .automatic:
      guard let peak = results.students.compactMap(\.peakBytes).max(), peak > 0,
        let available = MachineMemory.availableBytes
      else { return 1 }
      return min(max(1, Int(Self.memoryShare * Double(available) / Double(peak))), threads)
    }
  }

  private func hasRoom(_ atWork: [SweepChild]) -> Bool {
    switch parallelism {
    case .fixed(let count): return atWork.count < count
    case .automatic:
      guard !atWork.isEmpty else { return true }
      guard let peak = results.students.compactMap(\.peakBytes).max(), atWork.count < threads,
        let available = MachineMemory.availableBytes
      else { return false }
      // What those at work have not taken yet is not there either.
      let coming = atWork.reduce(0) { $0 + max(0, peak - $1.peakBytes) }
      return Double(coming + peak) < Self.memoryShare * Double(available)
    }
  }

  private mutating func start(_ index: Int, beside others: Int, waiting: Int) throws -> SweepChild {
    let student = plan.students[index]
    let run = folder.appending(path: student.name)
    var arguments = [
      "train-student", "--config", run.appending(path: Self.optionsName).path, "--output", run.path,
    ]
    if !student.options.contains(where: { $0.key == "threads" }) {
      let width = min(self.width, others + 1 + waiting)
      arguments += ["--threads", "\(max(1, threads / max(width, 1)))"]
    }
    let child = try SweepChild(index: index, folder: run, arguments: arguments)
    results.students[index].status = .running
    (results.students[index].message, results.students[index].exitCode) = (nil, nil)
    log.info("begun \(index + 1) of \(plan.students.count): \(student.name)")
    return child
  }

  /// Takes up how a student ended, and says so.
  private mutating func note(_ child: SweepChild, stopped: Bool) {
    let folder = child.folder
    var student = results.students[child.index]
    student.exitCode = child.exitCode
    student.peakBytes = max(student.peakBytes ?? 0, child.peakBytes)
    let summary = (try? TrainingSummary.read(folder: folder)) ?? nil
    if child.exitCode == 0, let summary {
      student.status = .finished
      (student.steps, student.tokens) = (summary.steps, summary.tokens)
      (student.seconds, student.lastLoss) = (summary.seconds, summary.lastLoss)
      student.evalLoss = summary.evaluation?.evalLoss
      student.evalAccuracy = summary.evaluation?.evalAccuracy
      student.evalPositions = summary.evaluation?.evalPositions
    } else if stopped {
      student.status = .interrupted
    } else if child.exitCode == ExitCode.inUse.rawValue {
      student.status = .waiting
    } else {
      student.status = .failed
      student.message = child.lastWords ?? "it said nothing"
    }
    results.students[child.index] = student
    let through = results.students.count { $0.status == .finished || $0.status == .failed }
    let count = "\(through) of \(results.students.count)"
    switch student.status {
    case .finished:
      let loss = student.evalLoss.map { ", held-out loss \(Format.fixed($0, 4))" } ?? ""
      let accuracy = student.evalAccuracy.map { ", accuracy \(Format.percent($0))" } ?? ""
      log.info(
        "\(count) through: \(student.name)\(loss)\(accuracy), \(Format.duration(student.seconds ?? 0))"
      )
    case .waiting:
      log.info("another process trains \(student.name); it is tried again later")
    case .interrupted:
      let step = child.progress.map { " after step \($0.step)" } ?? ""
      log.info("\(student.name) stopped\(step)")
    default:
      log.error(
        """
        \(count) through: \(student.name) failed (exit code \(child.exitCode)): \(student.message ?? ""); \
        all that it said is in \(folder.appending(path: SweepChild.logName).path)
        """)
    }
  }

  /// Whether another process trains in the folder of a student.
  private func isBusy(_ index: Int) -> Bool {
    do {
      let lock = try FolderLock(folder: folder.appending(path: plan.students[index].name))
      withExtendedLifetime(lock) {}
      return false
    } catch ShardStoreError.locked {
      return true
    } catch {
      return false  // the student itself says what is wrong with its folder
    }
  }

  /// Keeps the options of a student beside its run.
  private func writeOptions(_ student: SweepPlan.Student) throws {
    let run = folder.appending(path: student.name)
    let file = run.appending(path: Self.optionsName)
    let text = try ConfigFile.text(student.options)
    if let before = try? String(contentsOf: file, encoding: .utf8), before != text,
      !RunFolders.isEmpty(run)
    {
      throw CommandFailure(
        "\(run.path) holds a run of other options: \(Self.difference(before, text)); name another "
          + "folder, or remove that one")
    }
    try FileManager.default.createDirectory(at: run, withIntermediateDirectories: true)
    try AtomicFile.write(Data(text.utf8), to: file)
  }

  private static func difference(_ before: String, _ now: String) -> String {
    let (old, new) = (before.split(separator: "\n"), now.split(separator: "\n"))
    let gone = old.filter { !new.contains($0) }.map { "'\($0)' there" }
    let come = new.filter { !old.contains($0) }.map { "'\($0)' now" }
    return (gone + come).joined(separator: ", ")
  }
}

/// What is in a folder of a run.
private enum RunFolders {
  /// Whether no run has begun in it.
  static func isEmpty(_ folder: URL) -> Bool {
    !FileManager.default.fileExists(atPath: folder.appending(path: "run.json").path)
  }
}
