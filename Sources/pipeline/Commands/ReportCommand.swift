import ArgumentParser
import Console
import Foundation
import Kernels

/// `pipeline report`: a page that tells what runs gave.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write a page about training runs: curves, a table, costs, fidelity.",
    discussion: """
      One HTML file that needs nothing else, light or dark as the reader's system is, for a screen, a \
      phone or paper. A folder of runs, such as that of a sweep, counts as all runs in it. With \
      --eval-corpus the teacher and the students that were not evaluated on that text are; a student's \
      own evaluation of the same text is taken as it is. With --cache the page tells what the \
      teacher's pass took and what the cache loses (as 'pipeline cache fidelity' does).

      EXAMPLES
        pipeline report student-a student-b --output report.html
        pipeline report sweep --teacher bert-base --eval-corpus heldout --cache cache
      """)

  @Argument(help: "Folders of runs, finished or not, or folders that hold such folders.")
  var runs: [String]

  @Option(help: "The page's file; one that is there is replaced.")
  var output = "report.html"

  @Option(help: "The heading of the page.")
  var title = "Distilled students"

  @Option(help: "The teacher's folder, evaluated beside its students.")
  var teacher: String?

  @Option(help: "A tokenized corpus of held-out text; the runs' own unless given.")
  var evalCorpus: String?

  @Option(help: "Tokens of the held-out text to read at most; as the runs did unless given.")
  var evalTokens: Int?

  @Option(help: "The logit cache that students were trained from; the first run's unless given.")
  var cache: String?

  @Option(help: "Audit rows of the cache to measure at most; 0 leaves its fidelity out.")
  var auditRows = 256

  @Option(help: "What products multiply, fp32 or bf16, where models are evaluated.")
  var precision = Precision.fp32

  @OptionGroup var store: StoreOptions
  @OptionGroup(title: "Common") var common: CommonOptions

  func validate() throws {
    guard !runs.isEmpty else { throw ValidationError("name a run") }
    guard evalTokens ?? 1 >= 1 else {
      throw ValidationError("--eval-tokens \(evalTokens ?? 0) is not 1 or more")
    }
    guard auditRows >= 0 else { throw ValidationError("--audit-rows is 0 or more") }
  }

  func run() throws {
    common.start(precision)
    let kept = KeptOptions(runs: runs)
    let cache =
      try self.cache.map(store.cache) ?? kept.existing("from-cache").map(URL.init(argument:))
    let builder = ReportBuilder(
      title: title, runs: runs, teacher: teacher,
      evalCorpus: evalCorpus ?? kept.existing("eval-corpus"),
      evalTokens: evalTokens ?? (evalCorpus == nil ? kept.number("eval-tokens") : nil),
      cache: cache, auditRows: auditRows, precision: precision,
      quiet: common.quiet, log: common.log)
    try builder.write(to: URL(argument: output))
    Terminal.output("report: \(output)")
  }
}
