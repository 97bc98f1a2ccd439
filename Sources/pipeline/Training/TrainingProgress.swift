import Console
import Foundation
import Logging
import StudentTrainer
import Transformer

/// Shows a training run: one line on a terminal, plain lines elsewhere, and JSON lines where asked for.
final class TrainingProgress: TrainingObserver {
  private let bar: ProgressBar
  private let log: Logger
  private let folder: URL
  private let lines: JSONLines

  init(label: String, folder: URL, _ options: CommonOptions, _ lines: JSONLines) {
    bar = ProgressBar(label, quiet: options.quiet)
    log = options.log
    self.folder = folder
    self.lines = lines
  }

  func trainingBegins(completedSteps: Int, totalSteps: Int) {
    // Now the folder is known to be this run's.
    let file = folder.appending(path: "log.txt")
    if !Transcript.shared.open(file) {
      log.warning("cannot write '\(file.path)'; the run goes on without it")
    }
    lines.write("begin", nil, ["step": completedSteps, "total_steps": totalSteps])
    guard completedSteps > 0 else { return }
    bar.resume(at: Double(completedSteps) / Double(totalSteps))
    log.info("resuming after step \(completedSteps) of \(totalSteps)")
  }

  func memoryIsPlanned(_ plan: MemoryPlan) {
    func text(_ bytes: Int) -> String { Format.bytes(bytes) }
    log.info(
      """
      memory: \(text(plan.total)) planned: parameters \(text(plan.parameters)), gradients and moments \
      \(text(plan.gradients + plan.moments)), activations \(text(plan.activations)), head \
      \(text(plan.head))
      """)
    let memory = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    if plan.total > memory {
      log.warning(
        """
        this machine has \(text(memory)): use smaller batches (--batch-tokens, with --accumulate \
        for the same steps) or a smaller model
        """)
    }
  }

  func didFinish(_ step: StepMetrics, logged: Bool, totalSteps: Int) {
    if logged { lines.write("step", step, ["total_steps": totalSteps]) }
    bar.update(
      Double(step.step) / Double(totalSteps),
      "step \(step.step)/\(totalSteps) loss \(parts(step)) "
        + "rate \(String(format: "%.2e", step.learningRate)) "
        + "\(Format.count(Int(step.tokensPerSecond))) tokens/s, "
        + "data wait \(Format.percent(step.dataWaitShare))")
  }

  func didEvaluate(_ evaluation: EvaluationMetrics) {
    lines.write("evaluation", evaluation)
    bar.clear()
    log.info(
      """
      step \(evaluation.step): held-out loss \(Format.fixed(evaluation.evalLoss, 4)), \
      accuracy \(Format.percent(evaluation.evalAccuracy))
      """)
  }

  func didSkip(_ sequences: SkipMetrics) {
    lines.write("skipped", sequences)
    bar.clear()
    log.warning(
      """
      epoch \(sequences.epoch): \(Format.count(sequences.skippedSequences)) sequences were not \
      trained on, since their soft targets were not there
      """)
  }

  func didSave(checkpoint: URL, step: Int) {
    lines.write("checkpoint", nil, ["step": step, "folder": checkpoint.path])
  }

  /// Takes the progress line off the terminal.
  func clear() { bar.clear() }

  /// Says how the run ended.
  func finish(_ result: TrainingResult) {
    if result.wasFinished {
      log.info("this run was finished before; nothing was trained")
    } else {
      bar.finish(
        "\(Format.count(result.summary.steps)) steps, "
          + "\(Format.count(result.summary.tokens)) tokens, data wait "
          + Format.percent(result.summary.dataWaitShare))
    }
  }

  private func parts(_ step: StepMetrics) -> String {
    let named = [
      ("kl", step.lossCE), ("mlm", step.lossMLM), ("cos", step.lossCos),
      ("hidden", step.lossHidden),
    ]
    let parts = named.compactMap { name, value in
      value.map { "\(name) \(Format.fixed($0, 3))" }
    }
    let total = Format.fixed(step.loss, 3)
    return parts.count > 1 ? "\(total) (\(parts.joined(separator: ", ")))" : total
  }
}
