import ArgumentParser
import Console
import Foundation
import Kernels
import LogitCache
import Report
import ShardStore
import StudentTrainer
import Transformer

/// `pipeline cache fidelity`: what a cache loses, from its audit rows alone.
struct CacheFidelityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fidelity",
    abstract: "Measure what caches lose, against the full logits of their audit rows.",
    discussion: """
      For each temperature and way of reading (smaller heads and ranks, other tails): the mass on \
      the head, the KL from the teacher's distribution, the angle and norm of the student's gradient \
      against full distillation, and the bytes a position. Without --student the student is the \
      teacher's mean distribution.

      EXAMPLES
        pipeline cache fidelity cache
        pipeline cache fidelity small large --student teacher --student-layers 5 --plot fidelity.svg
      """)

  @Argument(help: "Caches that keep audit rows.")
  var caches: [String]

  @Option(help: "A student's folder, whose gradients are compared.")
  var student: String?

  @Option(help: "Take only the first layers of the student.")
  var studentLayers: Int?

  @Option(
    parsing: .upToNextOption, help: "Temperatures, each 1 or more.")
  var temperatures: [Double] = [1, 2, 4]

  @Option(help: "At most so many audit rows of each cache.")
  var rows = 512

  @Flag(help: "Only what each cache serves as it is, no smaller head or rank, no other tail.")
  var wholeOnly = false

  @Option(help: ArgumentHelp("Write a picture of bytes against gradient angle.", valueName: "svg"))
  var plot: String?

  @Option(help: ArgumentHelp("Write all figures as JSON.", valueName: "json"))
  var json: String?

  @OptionGroup var store: StoreOptions
  @OptionGroup(title: "Common") var common: CommonOptions

  func validate() throws {
    guard !caches.isEmpty else { throw ValidationError("name a cache") }
    guard temperatures.allSatisfy({ $0 >= 1 && $0.isFinite }) else {
      throw ValidationError("--temperatures are 1 or more")
    }
    guard rows > 0 else { throw ValidationError("--rows is 1 or more") }
  }

  func run() throws {
    common.start()
    let model = try student.map {
      try MaskedLanguageModel.load(folder: URL(argument: $0), layers: studentLayers)
    }
    let reports = try caches.map { try measure($0, student: model) }
    for (name, report) in zip(caches, reports) {
      Terminal.output("\(name): \(report.rows) rows, gradients of \(report.student)")
      Terminal.output(FidelityTable(report).text)
      Terminal.output("")
    }
    if let json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      try AtomicFile.write(try encoder.encode(reports), to: URL(argument: json))
    }
    if let plot {
      try AtomicFile.write(Data(FidelityFigure(reports).standalone.utf8), to: URL(argument: plot))
    }
  }

  private func measure(_ name: String, student: MaskedLanguageModel?) throws -> FidelityReport {
    let reader = try CacheReader(folder: store.cache(name))
    let audited = try AuditedRows(reader, limit: rows, student: student)
    let bar = ProgressBar("fidelity", quiet: common.quiet)
    defer { bar.clear() }
    return try FidelityMeasurement(reader, rows: audited).report(
      variants: wholeOnly
        ? [FidelityVariant()] : FidelityVariant.all(of: reader.specification.target),
      temperatures: temperatures
    ) { bar.update($0, name) }
  }
}
