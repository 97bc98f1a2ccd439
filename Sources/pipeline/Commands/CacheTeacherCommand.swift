import ArgumentParser
import Console
import Corpus
import Foundation
import Kernels
import Logging
import LogitCache
import StudentTrainer
import TeacherCaching
import Transformer

/// `pipeline cache-teacher`: one teacher pass to a logit cache.
struct CacheTeacherCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cache-teacher",
    abstract: "Run the teacher once and keep its soft targets.",
    discussion: """
      Writes sealed shards. An interrupted run goes on where it was; a complete cache is recognised \
      by its fingerprint and reused at once. Any temperature of 1 or more is served from one cache.

      EXAMPLE
        pipeline cache-teacher --teacher teacher --corpus corpus --output cache
      """)

  @Option(help: "The teacher: a Hugging Face BERT folder with a masked-language-model head.")
  var teacher: String

  @Option(help: "A tokenized corpus, as 'pipeline tokenize' writes it.")
  var corpus: String

  @Option(help: "The cache's folder.")
  var output: String

  @Option(help: "This process, from 0, where several fill one cache.")
  var worker = 0

  @Option(help: "Processes that fill the cache; shard s belongs to worker s modulo this.")
  var workers = 1

  @OptionGroup(title: "Targets") var targets: TargetOptions
  @OptionGroup(title: "Masks") var masks: MaskOptions
  @OptionGroup(title: "Common") var common: CommonOptions

  func validate() throws {
    guard workers > 0, (0..<workers).contains(worker) else {
      throw ValidationError("--worker \(worker) is not between 0 and --workers \(workers) - 1")
    }
  }

  func run() throws {
    common.start()
    let corpus = try TokenizedCorpus.open(folder: URL(argument: corpus))
    let teacher = try MaskedLanguageModel.load(folder: URL(argument: teacher))
    try TeacherCheck.check(teacher.configuration, corpus: corpus)
    let specification = try specification(teacher: teacher, corpus: corpus)
    let folder = URL(argument: output)
    let writer = try CacheWriter(
      folder: folder, specification: specification, worker: worker, workers: workers)
    if case .reusable = writer.state {
      return try report(folder, "cache \(output) is complete and was reused")
    }
    let pass = try TeacherPass(teacher: teacher, corpus: corpus, specification: specification)
    try CacheFolder.copyTokenizer(of: corpus, to: folder)
    if writer.needsTables { try writer.writeTables(pass.makeTables()) }
    if case .partial(let sealed) = writer.state {
      common.log.info("resuming: \(sealed) of \(specification.shardCount) shards are sealed")
    }
    if !common.quiet {
      let estimate = try CacheEstimate(pass: pass, tables: writer.readTables(), corpus: corpus)
      common.log.info("estimate: \(estimate.text)")
    }
    try fill(writer, pass: pass)
    guard try writer.finish() != nil else {
      return common.log.info("this worker is done; others still have shards to fill")
    }
    try report(folder, "cache \(output) is complete")
  }

  private func specification(
    teacher: MaskedLanguageModel, corpus: TokenizedCorpus
  ) throws -> CacheSpecification {
    let hiddenSize = teacher.configuration.hiddenSize
    return try CacheSpecification(
      teacher: teacher.configuration, weightDigest: ParameterDigest.text(of: teacher),
      corpus: corpus.manifest, masks: masks.specification(for: corpus),
      positions: targets.positions, target: targets.target(hiddenSize: hiddenSize),
      otherTarget: targets.otherTarget(hiddenSize: hiddenSize), otherShare: targets.otherShare,
      states: targets.states, auditRowsPerShard: targets.auditRows)
  }

  private func fill(_ writer: CacheWriter, pass: TeacherPass) throws {
    let bar = ProgressBar("cache-teacher", quiet: common.quiet)
    let result = try pass.fill(writer) { state in
      let total = Double(max(state.totalBlocks, 1))
      bar.resume(at: Double(state.resumedBlocks) / total)
      let rate = Int(Double(state.rows) / max(bar.elapsedSeconds, 1e-3))
      bar.update(
        Double(state.blocks) / total,
        "block \(state.blocks)/\(state.totalBlocks), \(Format.count(rate)) positions/s")
    }
    bar.finish("\(Format.count(result.rows)) positions")
  }

  private func report(_ folder: URL, _ headline: String) throws {
    common.log.info("\(headline)")
    for line in try CacheReport(folder: folder).lines() { common.log.info("\(line)") }
  }
}
