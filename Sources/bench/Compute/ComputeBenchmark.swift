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
  /// Only comparisons whose names have this in them; nil for all.
  let only: String?

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
    for (name, comparison) in comparisons(context) where only.map(name.contains) ?? true {
      let start = ContinuousClock.now
      do {
        report.add(try comparison())
      } catch let failure as ComputeFailure {
        report.add(failure: "\(failure)")
      }
      Terminal.note("\(name): \(Format.duration((ContinuousClock.now - start).seconds))")
    }
    Terminal.output(report.table)
    for failure in report.failures { Terminal.note("not measured: \(failure)") }
    try report.write(to: output.appending(path: "compute.json"))
    return report.failures.isEmpty
  }

  private func comparisons(
    _ context: ComputeContext
  ) -> [(name: String, rows: () throws -> [ComputeRow])] {
    let encoder = EncoderComparison(context: context)
    let training = TrainingComparison(context: context)
    let growth = GrowthBenchmark(context: context)
    return [
      ("encoder-fp32", encoder.forward),
      ("encoder-bf16", encoder.roughForward),
      ("latency", encoder.latency),
      ("teacher", TeacherPassComparison(context: context).rows),
      ("mlm-fp32", { try training.rows(.fp32) }),
      ("mlm-bf16", { try training.rows(.bf16) }),
      ("distillation-384", DistillationComparison(context: context, shape: .small).rows),
      ("distillation-768", DistillationComparison(context: context, shape: .large).rows),
      ("cached-online", OnlineComparison(context: context).rows),
      ("memory-fp32", { try StepMemory(context: context).rows(.fp32) }),
      ("memory-bf16", { try StepMemory(context: context).rows(.bf16) }),
      ("growth-tokens", { try growth.tokens(.bf16) }),
      ("growth-memory", { try StepMemory(context: context).growth(.bf16) }),
      ("growth-vocabulary", { try growth.vocabulary(.bf16) }),
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
