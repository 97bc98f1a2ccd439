import Foundation
import Kernels
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
    var peer: Peak?
    if context.peers != nil {
      let work = Arguments(
        folder: folder.path, inputs: [file.path], precision: precision,
        recipe: PeerWork.Recipe(.hardLabels, checked: 0))
      let encoder = JSONEncoder()
      encoder.keyEncodingStrategy = .convertToSnakeCase
      peer = try Self.answer(
        URL(filePath: PythonPeer.interpreter),
        [
          "-W", "ignore", "Benchmarks/compute/step_memory.py", "\(Parallel.threads)",
          String(decoding: try encoder.encode(work), as: UTF8.self),
        ])
      if let peer { try Self.requireEqual(ours.loss, peer.loss, precision) }
    }
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
    let peak = try Self.answer(
      URL(filePath: "/proc/self/exe").resolvingSymlinksInPath(),
      [
        "--step-memory", folder.path, file.path, precision.rawValue, "--threads",
        "\(Parallel.threads)", "--output", context.scratch.url.path,
      ])
    let model = try ComputeModels.load(folder, precision)
    let plan = MemoryPlan(
      training: model.configuration, precision: model.precision,
      batch: .init(
        tokens: batch.packed.tokenCount, longestSequence: batch.packed.longestSequence,
        headRows: batch.rows.count))
    return (peak, plan, file)
  }

  /// Does the steps in this process and gives its peak as JSON: what `bench --step-memory` prints.
  ///
  /// - Parameters:
  ///   - arguments: A model's folder, a batch's file, a precision.
  ///   - scratch: For the run's folder.
  /// - Returns: What the parent process decodes.
  /// - Throws: `ComputeFailure`, and what loading throws.
  static func measure(_ arguments: [String], scratch: ScratchFolder) throws -> String {
    guard arguments.count == 3, let precision = ComputePrecision(rawValue: arguments[2]) else {
      throw ComputeFailure("--step-memory takes a model's folder, a batch's file and a precision")
    }
    let batch = URL(filePath: arguments[1])
    let turns = TrainingTurns(
      try ComputeModels.load(URL(filePath: arguments[0]), precision),
      source: RepeatedBatches(batches: [try BatchFile.read(batch)]), configuration: .hardLabels,
      folder: scratch.fresh("run"), stepsPerTurn: 1)
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

  private struct Peak: Codable {
    var peakBytes: Double
    var loss: Double
  }

  /// What `training.MaskedStep` takes.
  private struct Arguments: Encodable {
    let folder: String
    let inputs: [String]
    let precision: ComputePrecision
    let recipe: PeerWork.Recipe
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
