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

      Several processes with the same command share the work, on one machine or over a shared file \
      system: each takes the next shard that nobody has. In a store, shards that another cache has \
      already (of fewer replicas, or of the corpus before it grew) are taken from it.

      EXAMPLES
        pipeline cache-teacher --teacher teacher --corpus corpus --output cache
        pipeline cache-teacher --teacher teacher --corpus corpus --store caches --replicas 4
      """)

  @Option(help: "The teacher: a Hugging Face BERT folder with a masked-language-model head.")
  var teacher: String

  @Option(help: "A tokenized corpus, as 'pipeline tokenize' writes it.")
  var corpus: String

  @Option(help: "The cache's folder.")
  var output: String?

  @OptionGroup var store: StoreOptions

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      """
      Take the shards of these caches that are the same: of fewer replicas, or of the corpus before \
      it grew.
      """, valueName: "cache"))
  var extend: [String] = []

  @Option(help: "This process's share, from 0, where a scheduler gives each one its own.")
  var worker = 0

  @Option(help: "Shares of the shards; shard s belongs to worker s modulo this. 1: no shares.")
  var workers = 1

  @OptionGroup(title: "Targets") var targets: TargetOptions
  @OptionGroup var precision: PrecisionOption
  @OptionGroup(title: "Masks") var masks: MaskOptions
  @OptionGroup(title: "Common") var common: CommonOptions

  func validate() throws {
    guard workers > 0, (0..<workers).contains(worker) else {
      throw ValidationError("--worker \(worker) is not between 0 and --workers \(workers) - 1")
    }
    if output != nil && store.store != nil {
      throw ValidationError("--output and --store exclude each other")
    }
    guard output != nil || store.folder != nil else {
      throw ValidationError("give --output, or --store or PIPELINE_STORE")
    }
    if output == nil && !extend.isEmpty {
      throw ValidationError("--extend goes with --output; in a store all caches are looked through")
    }
  }

  func run() throws {
    let precision = begunPrecision ?? precision.value
    common.start(precision)
    let corpus = try TokenizedCorpus.open(folder: URL(argument: corpus))
    let teacher = try MaskedLanguageModel.load(folder: URL(argument: teacher))
    try TeacherCheck.check(teacher.configuration, corpus: corpus)
    let place = try place(
      for: specification(teacher: teacher, corpus: corpus, precision: precision))
    let name = output ?? place.folder.path
    let writer = try CacheWriter(
      folder: place.folder, specification: place.specification, worker: worker, workers: workers)
    if case .reusable = writer.state {
      return try report(place.folder, "cache \(name) is complete and was reused")
    }
    StopSignals.endAtOnce(saying: "the sealed shards are kept, and the same command goes on")
    try CacheFilling(
      teacher: teacher, corpus: corpus, place: place, writer: writer, common: common
    ).run()
    guard try writer.finish() != nil else {
      return common.log.info("this worker is done; others still have shards to fill")
    }
    try report(place.folder, "cache \(name) is complete")
  }

  /// Where the cache is, or will be, and what it can take from others.
  private func place(for wanted: CacheSpecification) throws -> CachePlace {
    guard let output else {
      guard let store = store.folder else { preconditionFailure("validate() asks for a folder") }
      let place = CachePlace(wanted, store: store)
      let isNew = !FileManager.default.fileExists(atPath: place.folder.path)
      if isNew && place.sources.isEmpty && wanted.weightingCorpus != nil {
        common.log.notice(
          """
          masks weighted by token counts depend on the whole corpus: nothing is taken from caches of \
          other corpora, also where they are a part of this one
          """)
      }
      return place
    }
    let extended = try extend.compactMap { name -> ShardSource? in
      let folder = try store.cache(name)
      let source = try ShardSource(folder: folder)
      if source.map({ $0.shared(with: $0.heir(wanted)).isEmpty }) ?? true {
        common.log.notice(
          "\(folder.path) has no shard of this cache: \(Self.reason(wanted, source))")
      }
      return source
    }
    let place = CachePlace(wanted, folder: URL(argument: output), extending: extended)
    for source in extended where !source.shared(with: source.heir(wanted)).isEmpty {
      if source.heir(place.specification) != place.specification {
        common.log.notice(
          "nothing is taken from \(source.folder.path): \(output) was begun with other tables")
      }
    }
    return place
  }

  /// Why two caches share nothing.
  private static func reason(_ wanted: CacheSpecification, _ source: ShardSource?) -> String {
    guard let source else { return "it is not begun" }
    let found = source.specification
    if wanted.weightingCorpus != found.weightingCorpus {
      return "its masks are weighted by the token counts of the whole corpus, which is another one"
    }
    let ofTheWhole = ["replicas", "mask.replicas", "sequences", "blocksPerShard", "tablesDigest"]
    let fields = wanted.differences(from: found).map(\.field).filter { !ofTheWhole.contains($0) }
    return fields.isEmpty
      ? "nothing is sealed in it" : "they differ in " + fields.joined(separator: ", ")
  }

  /// The precision of a cache that was begun at --output, where none is asked for.
  private var begunPrecision: Precision? {
    guard precision.precision == nil, let output else { return nil }
    let manifest = try? CacheManifest.read(folder: URL(argument: output))
    return manifest.flatMap { Precision(rawValue: $0.specification.precision) }
  }

  private func specification(
    teacher: MaskedLanguageModel, corpus: TokenizedCorpus, precision: Precision
  ) throws -> CacheSpecification {
    let inputSize = teacher.configuration.embeddingSize
    return try CacheSpecification(
      teacher: teacher.configuration, weightDigest: ParameterDigest.text(of: teacher),
      corpus: corpus.manifest,
      masks: masks.specification(for: corpus, recipe: targets.chosen.recipe),
      positions: targets.chosen.positions, target: targets.target(inputSize: inputSize),
      otherTarget: targets.otherTarget(inputSize: inputSize),
      otherShare: targets.chosen.otherShare,
      states: targets.states, stateLayers: targets.stateLayers?.layers,
      auditRowsPerShard: targets.auditRows, precision: precision)
  }

  private func report(_ folder: URL, _ headline: String) throws {
    common.log.info("\(headline)")
    for line in try CacheReport(folder: folder).lines() { common.log.info("\(line)") }
  }
}
