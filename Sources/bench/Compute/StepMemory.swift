import Corpus
import Foundation
import Kernels
import LogitCache
import StudentTrainer
import Transformer

/// The peak memory of a process that does two DistilBERT training steps.
struct StepMemory {
  let context: ComputeContext
  private static let sequences = 32

  /// Ours and PyTorch's for 4,096 tokens, each in a process of its own; the whole process counts.
  func rows(_ precision: ComputePrecision) throws -> [ComputeRow] {
    let folder = try context.models.folder(.distilBert, layers: 6, hidden: 768)
    let (ours, planned, file) = try peak(folder, sequences: Self.sequences, precision)
    let peer = try peer(
      PeerWork(
        kind: .mlmStep, folder: folder.path, inputs: [file.path], precision: precision,
        recipe: PeerWork.Recipe(.hardLabels, checked: 0)))
    if let peer { try Self.requireEqual(ours.loss, peer.loss, precision) }
    let work = "peak memory, MLM step 6x768, \(Self.sequences)x128"
    return [
      ComputeRow(
        work: work, precision: precision, unit: "MB", ours: ours.peakBytes / 1e6,
        peer: peer.map { _ in "PyTorch" }, peerValue: peer.map { $0.peakBytes / 1e6 },
        toReach: .atMost(0.6)),
      Self.row(work, precision, ours, planned: planned),
    ]
  }

  /// How the peak grows with the tokens of a step, beside what is planned before it.
  func growth(_ precision: ComputePrecision) throws -> [ComputeRow] {
    let folder = try context.models.folder(.distilBert, layers: 3, hidden: 384)
    return try context.plan.stepTokens.map { tokens in
      let (ours, planned, _) = try peak(folder, sequences: tokens / 128, precision)
      return Self.row(
        "peak memory, MLM step 3x384, tokens of a step \(tokens)", precision, ours, planned: planned
      )
    }
  }

  private static func row(
    _ work: String, _ precision: ComputePrecision, _ peak: Peak, planned: MemoryPlan
  ) -> ComputeRow {
    ComputeRow(
      work: work, precision: precision, unit: "MB", ours: peak.peakBytes / 1e6,
      peer: "planned before", peerValue: Double(planned.total) / 1e6)
  }

  /// The peak of two steps in a process of its own, the plan, and the file of the batch.
  private func peak(
    _ folder: URL, sequences: Int, _ precision: ComputePrecision
  ) throws -> (Peak, MemoryPlan, URL) {
    let batch = try context.text.batches(of: sequences, batches: 1)[0]
    let file = context.scratch.fresh("batch")
    try BatchFile.write(batch, to: file)
    let peak = try ours(Work(model: folder.path, precision: precision, batch: file.path))
    let model = try ComputeModels.load(folder, precision)
    let plan = MemoryPlan(
      training: model.configuration, precision: model.precision,
      batch: .init(
        tokens: batch.packed.tokenCount, longestSequence: batch.packed.longestSequence,
        headRows: batch.rows.count))
    return (peak, plan, file)
  }

  /// What one of our processes trains on.
  struct Work: Codable {
    /// The student's folder.
    var model: String
    var precision: ComputePrecision
    /// A batch's file, for hard labels.
    var batch: String?
    /// A cache's folder, for distillation from it.
    var cache: String?
    /// A teacher's folder and a corpus's, for distillation online.
    var teacher: String?
    var corpus: String?
    var batchTokens = 1024
  }

  /// The peak of a process of our own.
  func ours(_ work: Work) throws -> Peak {
    try Self.answer(
      URL(filePath: "/proc/self/exe").resolvingSymlinksInPath(),
      [
        "--step-memory", String(decoding: try JSONEncoder().encode(work), as: UTF8.self),
        "--threads", "\(Parallel.threads)", "--output", context.scratch.url.path,
      ])
  }

  /// The peak of a process of PyTorch's.
  func peer(_ work: PeerWork) throws -> Peak? {
    guard context.peers != nil else { return nil }
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    return try Self.answer(
      URL(filePath: PythonPeer.interpreter),
      [
        "-W", "ignore", "Benchmarks/compute/step_memory.py", "\(Parallel.threads)",
        String(decoding: try encoder.encode(work), as: UTF8.self),
      ])
  }

  /// Does the steps in this process and gives its peak as JSON: what `bench --step-memory` prints.
  ///
  /// - Parameters:
  ///   - text: A `Work` as JSON.
  ///   - scratch: For the run's folder.
  /// - Returns: What the parent process decodes.
  /// - Throws: `ComputeFailure`, and what loading throws.
  static func measure(_ text: String, scratch: ScratchFolder) throws -> String {
    let work = try JSONDecoder().decode(Work.self, from: Data(text.utf8))
    var recipe = work.batch == nil ? TrainingConfiguration() : .hardLabels
    recipe.batchTokens = work.batchTokens
    let batch = try work.batch.map { try BatchFile.read(URL(filePath: $0)) }
    if let batch { recipe.batchTokens = batch.packed.tokenCount }
    recipe.precision = work.precision.kernels
    let turns = TrainingTurns(
      try ComputeModels.load(URL(filePath: work.model), work.precision),
      source: try batch.map { RepeatedBatches(batches: [$0]) } ?? source(work, recipe),
      configuration: recipe, folder: scratch.fresh("run"),
      stepsPerTurn: 1)
    try turns.run(steps: 2)
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let kilobytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({
        Double($0)
      })
    else { throw ComputeFailure("/proc/self/status has no VmHWM") }
    turns.stop()
    let peak = Peak(peakBytes: 1024 * kilobytes, loss: turns.losses[1])
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    return String(decoding: try encoder.encode(peak), as: UTF8.self)
  }

  private static func source(
    _ work: Work, _ recipe: TrainingConfiguration
  ) throws -> any BatchSource {
    if let cache = work.cache {
      return try CacheBatchSource(
        reader: CacheReader(folder: URL(filePath: cache)), configuration: recipe)
    }
    guard let teacher = work.teacher, let corpus = work.corpus else {
      throw ComputeFailure("--step-memory: a batch, a cache, or a teacher and a corpus")
    }
    let text = try TokenizedCorpus.open(folder: URL(filePath: corpus))
    return try OnlineTeacherSource(
      teacher: ComputeModels.load(URL(filePath: teacher), work.precision), corpus: text,
      masks: MaskSpecification(corpus: text.manifest, seed: 1), positions: .masked,
      configuration: recipe)
  }

  /// What a process says of itself.
  struct Peak: Codable {
    var peakBytes: Double
    /// Of the second step.
    var loss: Double
  }

  private static func requireEqual(
    _ ours: Double, _ theirs: Double, _ precision: ComputePrecision
  ) throws {
    guard abs(ours - theirs) <= precision.tolerance * theirs else {
      throw ComputeFailure("peak memory: our loss is \(ours), PyTorch's \(theirs): not compared")
    }
  }

  private static func answer(_ program: URL, _ arguments: [String]) throws -> Peak {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(PythonPeer.quiet) { $1 }
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw ComputeFailure("peak memory: \(program.lastPathComponent) failed")
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Peak.self, from: data)
  }
}
