import Console
import Corpus
import Foundation
import LogitCache
import ShardStore
import StudentTrainer
import TeacherCaching
import Transformer

/// Runs the teacher on a sample and makes a small cache of it for each target of a grid.
struct CachePlanner {
  let teacher: MaskedLanguageModel
  let corpus: TokenizedCorpus
  /// The whole caches that could be made; they differ in their targets alone.
  let specifications: [CacheSpecification]
  /// Epochs of an experiment.
  let epochs: Int
  /// Rows whose full logits are kept meanwhile.
  let auditRows: Int

  /// Reads the block so often, to time it.
  private static let readings = 3

  /// Measures all targets.
  ///
  /// - Parameter progress: Receives the share that is done, and what is being done.
  /// - Returns: The plan, without a recommendation.
  /// - Throws: What the teacher pass and the cache throw.
  func plan(progress: (Double, String) -> Void) throws -> CachePlan {
    var pass = try TeacherPass(
      teacher: teacher, corpus: corpus, specification: specifications[0])
    progress(0, "the teacher on a sample")
    // Where all positions count, fewer sequences have as many.
    let most = specifications[0].positions == .masked ? 448 : 96
    let tables = try pass.makeTables(for: specifications, mostSequences: most)
    pass.use(tables[0])
    let number = corpus.blockCount / 2
    let tokens = try corpus.block(number).tokenIDs.count
    // The tables' run was the warm-up.
    let start = ContinuousClock.now
    _ = try pass.encode(block: number, replica: 0) { _ in [] }
    let seconds = (ContinuousClock.now - start).seconds
    progress(0.3, "the targets of a block")
    let encoders = try pass.encode(
      block: number, replica: 0, for: Array(zip(specifications, tables))
    ) { rows in
      let count = min(auditRows, rows)
      return (0..<count).map { $0 * rows / count }
    }

    let replicas = specifications[0].replicas
    let share = Double(corpus.manifest.tokens) * Double(replicas) / Double(tokens)
    let rows = encoders[0].rowCount
    var plan = CachePlan(
      teacherTokensPerSecond: Double(tokens) / seconds, teacherSeconds: seconds * share,
      positions: Int(Double(rows) * share), replicas: replicas, epochs: epochs,
      auditedRows: min(auditRows, rows), entries: [])
    for (index, encoder) in encoders.enumerated() {
      let name = FidelityVariant().name(specifications[index].target)
      progress(0.4 + 0.6 * Double(index) / Double(encoders.count), name)
      let trial = try trial(
        specifications[index], tables[index], encoder.finish(), block: number)
      let reading = trial.readingSeconds * share / Double(replicas) * Double(epochs)
      plan.entries.append(
        CachePlan.Entry(
          target: name, options: Self.options(specifications[index]),
          bytesPerPosition: trial.bytesPerPosition,
          totalBytes: CacheSize.bytes(
            specifications[index], sampleBytes: trial.blockBytes, share: share),
          angleAt1: trial.angles[0], angleAt2: trial.angles[1], readingSeconds: reading,
          breakEvenExperiments: CachePlan.breakEven(
            passSeconds: plan.teacherSeconds,
            onlineSeconds: plan.teacherSeconds / Double(replicas) * Double(epochs),
            readingSeconds: reading)))
    }
    return plan
  }

  /// What one block of a target shows.
  private struct Trial {
    var blockBytes: Int
    var bytesPerPosition: Double
    var angles: [Double]
    var readingSeconds: Double
  }

  /// Writes a cache of one block, measures it, and removes it.
  private func trial(
    _ specification: CacheSpecification, _ tables: CacheTables, _ streams: [NamedStream],
    block: Int
  ) throws -> Trial {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "pipeline-plan-\(UUID().uuidString)", directoryHint: .isDirectory)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var sample = specification
    sample.sequences = try corpus.block(block).count
    sample.blocksPerShard = [1]
    sample.corpusShards = [sample.corpusShards[0]]
    sample.replicas = 1
    sample.auditRowsPerShard = auditRows
    let writer = try CacheWriter(folder: folder, specification: sample)
    try writer.writeTables(tables)
    let file = try writer.beginShard(0)
    try file.append(block: streams)
    _ = try file.seal()
    guard try writer.finish() != nil else { preconditionFailure("the only shard is sealed") }

    let reader = try CacheReader(folder: folder)
    var readingSeconds = Double.infinity
    for _ in 0..<Self.readings {
      let start = ContinuousClock.now
      _ = try reader.readBlock(0, replica: 0)
      readingSeconds = min(readingSeconds, (ContinuousClock.now - start).seconds)
    }
    let report = try FidelityMeasurement(
      reader, rows: try AuditedRows(reader, limit: auditRows, student: nil)
    ).report(variants: [FidelityVariant()], temperatures: [1, 2])
    let kept = streams.filter { !$0.name.hasPrefix("audit.") }
    return Trial(
      blockBytes: try CacheSize.storedBytes(kept).values.reduce(0, +),
      bytesPerPosition: report.entries[0].totalBytes, angles: report.entries.map(\.gradientAngle),
      readingSeconds: readingSeconds)
  }

  /// The options of `cache-teacher` for a target.
  private static func options(_ specification: CacheSpecification) -> [String] {
    let target = specification.target
    return ["--tail", target.tail.rawValue, "--head", "\(target.headK)"]
      + (target.rank.map { ["--rank", "\($0)"] } ?? [])
  }
}
