import Console
import Logging
import StudentTrainer

/// Shows a training run: one line on a terminal, plain lines elsewhere.
final class TrainingProgress: TrainingObserver {
  private let bar: ProgressBar
  private let log: Logger

  init(label: String, _ options: CommonOptions) {
    bar = ProgressBar(label, quiet: options.quiet)
    log = options.log
  }

  func trainingBegins(completedSteps: Int, totalSteps: Int) {
    guard completedSteps > 0 else { return }
    bar.resume(at: Double(completedSteps) / Double(totalSteps))
    log.info("resuming after step \(completedSteps) of \(totalSteps)")
  }

  func didFinish(_ step: StepMetrics, logged: Bool, totalSteps: Int) {
    bar.update(
      Double(step.step) / Double(totalSteps),
      "step \(step.step)/\(totalSteps) loss \(parts(step)) "
        + "\(Format.count(Int(step.tokensPerSecond))) tokens/s, "
        + "data wait \(Format.percent(step.dataWaitShare))")
  }

  func didEvaluate(_ evaluation: EvaluationMetrics) {
    bar.clear()
    log.info(
      """
      step \(evaluation.step): held-out loss \(Format.fixed(evaluation.evalLoss, 4)), \
      accuracy \(Format.percent(evaluation.evalAccuracy))
      """)
  }

  func didSkip(_ sequences: SkipMetrics) {
    bar.clear()
    log.warning(
      """
      epoch \(sequences.epoch): \(Format.count(sequences.skippedSequences)) sequences were not \
      trained on, since their soft targets were not there
      """)
  }

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
