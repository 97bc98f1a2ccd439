import Console
import Corpus
import Foundation
import Kernels
import LogitCache
import Logging
import Report
import ShardStore
import StudentTrainer
import Transformer

/// Collects what a report tells of runs: reads them, and measures what they do not say.
struct ReportBuilder {
  /// The heading.
  var title: String
  /// Paths of runs, or of folders that hold runs.
  var runs: [String]
  /// A teacher's folder, evaluated beside its students.
  var teacher: String?
  /// Held-out text.
  var evalCorpus: String?
  /// Tokens of it that are read at most.
  var evalTokens: Int?
  /// A cache's folder.
  var cache: URL?
  /// Audit rows of the cache that are measured, 0 for none.
  var auditRows = 256
  /// What products multiply.
  var precision = Precision.fp32
  /// Whether to keep silent.
  var quiet = false
  /// The log.
  var log: Logger

  /// Writes the page.
  ///
  /// - Throws: `CommandFailure` where a path holds no run; what opening the corpus, the teacher and the
  ///   cache throws, and what writing does. What is wrong with a run is told on the page.
  func write(to file: URL, notes: [String] = []) throws {
    var content = ReportContent(title: title, made: Self.made(), runs: try records())
    content.notes = notes
    try measure(&content)
    if let cache { try describe(cache, in: &content) }
    try AtomicFile.write(Data(ReportPage(content).html.utf8), to: file)
  }

  /// The runs, each once.
  private func records() throws -> [RunRecord] {
    var folders: [(folder: URL, path: String)] = []
    for path in runs {
      let found = RunRecord.folders(in: URL(argument: path))
      guard !found.isEmpty else {
        throw CommandFailure(
          "\(path) is no run and holds none: name folders that 'pipeline train-student' wrote")
      }
      for folder in found where !folders.contains(where: { $0.folder.path == folder.path }) {
        folders.append((folder, found.count > 1 ? folder.path : path))
      }
    }
    let names = Set(folders.map(\.folder.lastPathComponent))
    return folders.map { folder, path in
      var run = RunRecord(
        folder: folder, name: names.count == folders.count ? folder.lastPathComponent : path)
      if exportsAnotherStep(run) {
        run.figures = ModelFigures(name: run.name)
        run.problems.append("exported its best step, its own evaluation is of the last")
      }
      return run
    }
  }

  /// Whether the model in a run's folder is not the one of its last evaluation.
  private func exportsAnotherStep(_ run: RunRecord) -> Bool {
    guard let summary = run.summary, let best = summary.best, best.step != summary.steps else {
      return false
    }
    let file = run.folder.appending(path: CommandLineExpansion.runFile)
    let options = try? ConfigFile(path: file.path).entries
    return options?.contains { $0.key == "export" && $0.value == .scalar("best") } == true
  }

  /// Evaluates the teacher and the students that were not, and takes everybody's size and latency.
  private func measure(_ content: inout ReportContent) throws {
    var evaluator: Evaluator?
    if let evalCorpus {
      let corpus = try TokenizedCorpus.open(folder: URL(argument: evalCorpus))
      evaluator = try HeldOut.evaluator(corpus, maxTokens: evalTokens ?? .max)
      var counts = try corpus.tokenCounts()
      for special in corpus.manifest.specialTokens.all where counts.indices.contains(Int(special)) {
        counts[Int(special)] = 0
      }
      content.heldOut = ReportContent.HeldOutText(
        name: evalCorpus, unigramEntropy: Retention.entropy(counts))
    } else if teacher != nil {
      content.notes.append(
        "The teacher was not evaluated: there is no held-out text (--eval-corpus).")
    }
    let bar = ProgressBar("report", quiet: quiet)
    defer { bar.clear() }
    let count = content.runs.count + 1
    if let teacher {
      bar.update(0, teacher)
      var figures = ModelFigures(name: URL(argument: teacher).lastPathComponent)
      try figures.measure(folder: URL(argument: teacher), evaluator, precision: precision)
      content.teacher = figures
    }
    // Equal corpora under the same masks have equally many masked tokens.
    var positions = content.teacher?.positions
    for index in content.runs.indices {
      bar.update(Double(index + 1) / Double(count), content.runs[index].name)
      var run = content.runs[index]
      var figures = run.figures ?? ModelFigures(name: run.name)
      let isComparable = figures.positions != nil && figures.positions == positions
      do {
        try figures.measure(
          folder: run.folder, isComparable ? nil : evaluator, precision: precision)
        run.figures = figures
        positions = positions ?? (evaluator == nil ? nil : figures.positions)
      } catch {
        run.problems.append("was not measured: \(error)")
      }
      content.runs[index] = run
    }
    noteDifferentTexts(&content)
  }

  /// Says so where held-out losses are of different texts.
  private func noteDifferentTexts(_ content: inout ReportContent) {
    let counts = Set((content.runs.map(\.figures) + [content.teacher]).compactMap { $0?.positions })
    guard counts.count > 1 else { return }
    let list = counts.sorted().map { Format.count($0) }.joined(separator: ", ")
    content.notes.append(
      "Held-out losses are of different texts (\(list) masked tokens), so they do not compare: give "
        + "--eval-corpus, and --eval-tokens as the runs had it.")
  }

  private func describe(_ cache: URL, in content: inout ReportContent) throws {
    let reader = try CacheReader(folder: cache)
    let perReplica = try (0..<reader.blockCount).reduce(0) { sum, block in
      sum + (try reader.lengths(block: block).reduce(0) { $0 + Int($1) })
    }
    content.pass = TeacherPassCost(
      name: cache.lastPathComponent, fingerprint: reader.manifest.fingerprint,
      seconds: reader.teacherSeconds, tokens: perReplica * reader.replicas,
      positions: reader.rowCount, bytes: reader.manifest.shards.reduce(0) { $0 + $1.bytes })
    guard auditRows > 0, reader.specification.auditRowsPerShard > 0 else { return }
    let bar = ProgressBar("fidelity", quiet: quiet)
    defer { bar.clear() }
    let rows = try AuditedRows(reader, limit: auditRows, student: nil)
    let used = content.runs.compactMap { $0.identity?.configuration.temperature }
    let temperatures = Set([1, 2] + used.filter { $0 >= 1 }).sorted().prefix(6)
    content.fidelity = try FidelityMeasurement(reader, rows: rows).report(
      variants: FidelityVariant.all(of: reader.specification.target),
      temperatures: Array(temperatures)
    ) { bar.update($0, cache.lastPathComponent) }
  }

  private static func made() -> String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "d MMMM yyyy, HH:mm zzz"
    return formatter.string(from: Date())
  }
}

extension ModelFigures {
  /// Takes size, latency and, with an evaluator, held-out figures of a model's folder.
  ///
  /// A folder without a model, such as an unfinished run's, leaves everything as it is.
  fileprivate mutating func measure(
    folder: URL, _ evaluator: Evaluator?, precision: Precision
  ) throws {
    guard FileManager.default.fileExists(atPath: folder.appending(path: "config.json").path)
    else { return }
    let model = try MaskedLanguageModel.load(folder: folder)
    model.precision = precision
    parameters = model.layout.count
    diskBytes = try Checkpoint(folder: folder).diskBytes
    if let evaluator { take(try evaluator.evaluate(model)) }
    latency = LatencyMeasurement.measure(model)
  }
}
