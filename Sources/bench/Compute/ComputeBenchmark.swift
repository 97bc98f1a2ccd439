import Console
import Foundation
import Kernels

/// The whole comparison with PyTorch and ONNX Runtime: same weights, same inputs, one run.
struct ComputeBenchmark {
  let plan: ComputePlan
  /// The folder of a teacher with real weights and its vocabulary, where it is there.
  let realTeacher: URL
  /// A folder with a vocabulary, for where it is not.
  let vocabulary: URL
  let text: URL
  let scratch: ScratchFolder
  /// Where the results go.
  let output: URL

  /// Measures everything, prints the table and writes the results.
  ///
  /// - Returns: False where some work could not be measured or gave other outputs than a peer's.
  func run(machine: Machine) throws -> Bool {
    let peers = PeerProcess.start(
      threads: Parallel.threads, folder: scratch.url,
      log: output.appending(path: "compute-peers.log"))
    let context = try makeContext(peers)
    var report = ComputeReport(
      machine: machine, quick: plan.isQuick, peers: peers?.versions ?? [:])
    for comparison in comparisons(context) {
      let start = ContinuousClock.now
      do {
        report.add(try comparison())
      } catch let failure as ComputeFailure {
        report.add(failure: "\(failure)")
      }
      Terminal.note("  (\(Format.duration((ContinuousClock.now - start).seconds)))")
    }
    Terminal.output(report.table)
    for failure in report.failures { Terminal.note("not measured: \(failure)") }
    try report.write(to: output.appending(path: "compute.json"))
    return report.failures.isEmpty
  }

  private func comparisons(_ context: ComputeContext) -> [() throws -> [ComputeRow]] {
    let encoder = EncoderComparison(context: context)
    let training = TrainingComparison(context: context)
    let growth = GrowthBenchmark(context: context)
    return [
      { try encoder.forward() },
      { try encoder.roughForward() },
      { try encoder.latency() },
      { try TeacherPassComparison(context: context).rows() },
      { try training.rows(.fp32) },
      { try training.rows(.bf16) },
      { try DistillationComparison(context: context, shape: .small).rows() },
      { try DistillationComparison(context: context, shape: .large).rows() },
      { try StepMemory(context: context).rows(.fp32) },
      { try growth.tokens(.bf16) },
      { try growth.vocabulary(.bf16) },
    ]
  }

  private func makeContext(_ peers: PeerProcess?) throws -> ComputeContext {
    let hasTeacher = FileManager.default.fileExists(atPath: realTeacher.path)
    if !hasTeacher {
      Terminal.note(
        "'\(realTeacher.relativePath)' is not there: all weights are random, and the vocabulary is "
          + "that of '\(vocabulary.relativePath)'")
    }
    let text = try ComputeText(
      text: text, vocabulary: hasTeacher ? realTeacher : vocabulary, scratch: scratch)
    return ComputeContext(
      plan: plan, text: text,
      models: ComputeModels(
        scratch: scratch, vocabSize: text.vocabSize, realTeacher: hasTeacher ? realTeacher : nil),
      scratch: scratch, peers: peers)
  }
}
