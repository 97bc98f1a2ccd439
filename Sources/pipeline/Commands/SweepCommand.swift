import ArgumentParser
import Console
import Foundation
import Kernels
import Logging
import Report
import ShardStore

/// `pipeline sweep`: many students from one file.
struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Train many students from one file of settings.",
    discussion: """
      The file is YAML: 'base:' holds options of 'pipeline train-student' for all students; 'grid:' lists of \
      values, of which every combination is a student; 'students:' students one by one, each with a \
      'name:' and a 'grid:' of its own where it likes. Each student is a process and a folder of its \
      own below --output. results.json and results.tsv there say how all stand, report.html what came \
      of them. After a kill, or Ctrl-C, the same command goes on: students that are finished stay, others \
      go on from their checkpoints.

      EXAMPLE
        base:
          from-cache: cache
          init-from: bert-base
          eval-corpus: heldout
        grid:
          layers: [2, 4]
          temperature: [1, 2, 4]
          seed: [1, 2, 3]
        students:
          - name: hard
            hard-labels: true
            layers: 4

        pipeline sweep students.yaml --output students --parallel 2
      """)

  @Argument(help: "The YAML file.")
  var file: String

  @Option(help: "The folder of all students; the same one goes on where an earlier call stopped.")
  var output: String

  @Option(
    help: ArgumentHelp(
      """
      Students that are trained at once, or 'auto': the first alone, then as many as have room in memory \
      by what it took. They share the threads.
      """, valueName: "n|auto"))
  var parallel = "1"

  @Flag(help: "Print the students and their options, and do nothing.")
  var dryRun = false

  @Flag(inversion: .prefixedNo, help: "Write report.html at the end.")
  var report = true

  @Option(
    help: "The teacher of the report; the default is the one that students start from.")
  var teacher: String?

  @OptionGroup(title: "Common") var common: CommonOptions

  func validate() throws {
    guard parallel == "auto" || (1...1024).contains(Int(parallel) ?? 0) else {
      throw ValidationError(
        "--parallel '\(parallel)' is neither 'auto' nor a number from 1 to 1024")
    }
  }

  func run() throws {
    let plan = try SweepPlan(
      ConfigFile(path: file), options: CommandOptions(TrainStudentCommand.self))
    let commands = try plan.students.map { try check($0, plan) }
    if dryRun { return try list(plan) }
    if let threads = common.threads { Parallel.threads = threads }
    let folder = URL(argument: output)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let lock = try lock(folder)
    defer { withExtendedLifetime(lock) {} }
    var runner = try SweepRunner(
      plan: plan, folder: folder,
      parallelism: Int(parallel).map { .fixed($0) } ?? .automatic, threads: Parallel.threads,
      quiet: common.quiet, log: common.log)
    let finished = runner.results.students.count { $0.status == .finished }
    if finished > 0 {
      common.log.info(
        "\(Format.count(finished, "student")) of \(plan.students.count) finished before")
    }
    StopSignals.begin { _ in }
    let signal = try runner.run { StopSignals.signal }
    Terminal.output(runner.results.table)
    if let means = runner.results.groupTable { Terminal.output("\n" + means) }
    if let signal {
      common.log.notice(
        "stopped; go on with 'pipeline sweep \(file) --output \(output)' and the options of before")
      throw ExitCode(StopSignals.exitCode(signal))
    }
    StopSignals.end()
    if report { writeReport(runner, commands) }
    let failed = runner.results.students.filter { $0.status == .failed }
    guard failed.isEmpty else {
      throw CommandFailure(
        "\(failed.count) of \(Format.count(plan.students.count, "student")) failed: "
          + "\(failed.map(\.name).joined(separator: ", ")); the same command tries them again")
    }
  }

  /// The command of a student, parsed, so that a wrong value is said before the first hour of training.
  private func check(_ student: SweepPlan.Student, _ plan: SweepPlan) throws -> TrainStudentCommand
  {
    let arguments = try plan.arguments(student) + ["--output=\(output)/\(student.name)"]
    do {
      return try TrainStudentCommand.parse(arguments)
    } catch {
      throw ValidationError(
        "'\(file)', student '\(student.name)': \(TrainStudentCommand.message(for: error))")
    }
  }

  private func list(_ plan: SweepPlan) throws {
    for student in plan.students {
      Terminal.output("\(student.name): \(try plan.arguments(student).joined(separator: " "))")
    }
    common.log.info("\(Format.count(plan.students.count, "student"))")
  }

  private func lock(_ folder: URL) throws -> FolderLock {
    do {
      return try FolderLock(folder: folder)
    } catch ShardStoreError.locked {
      throw CommandFailure("another sweep is at work in \(output)")
    }
  }

  /// Writes the page; where that fails the students are still there, so it is a warning.
  private func writeReport(_ runner: SweepRunner, _ students: [TrainStudentCommand]) {
    guard !runner.runs.isEmpty else { return }
    let file = "\(output)/report.html"
    let kept = KeptOptions(runs: runner.runs)
    let evalCorpus = kept.existing("eval-corpus")
    var builder = ReportBuilder(
      title: "Sweep \(URL(argument: output).lastPathComponent)", runs: runner.runs,
      teacher: teacher, evalCorpus: evalCorpus, evalTokens: kept.number("eval-tokens"),
      cache: kept.existing("from-cache").map(URL.init(argument:)), quiet: common.quiet,
      log: common.log)
    let failures = runner.results.students.filter { $0.status == .failed }.map {
      "\($0.name) failed: \($0.message ?? "")"
    }
    // Without being told, the teacher is guessed; where the guess is none, the page does without.
    let guess = students.compactMap { $0.student.initFrom ?? $0.onlineTeacher }.first
    let attempts = teacher == nil && evalCorpus != nil ? [guess, nil] : [teacher]
    for (index, attempt) in attempts.enumerated() {
      builder.teacher = attempt
      do {
        try builder.write(to: URL(argument: file), notes: failures)
        return Terminal.output("\nreport: \(file)")
      } catch  where index + 1 == attempts.count {
        common.log.warning("no report: \(error)")
      } catch {
        common.log.notice("the report does without the teacher \(attempt ?? ""): \(error)")
      }
    }
  }
}
