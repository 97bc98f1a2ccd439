import ArgumentParser
import Console
import Foundation
import Logging
import StudentTrainer
import Transformer

/// A training run for the person who began it: progress, transcript, signals, and what to do next.
struct TrainingRun {
  /// The command, `train-student` or `train-teacher`.
  let command: String
  /// The run's folder as it was named.
  let output: String
  let runOptions: RunOptions
  let common: CommonOptions

  private var folder: URL { URL(argument: output) }
  private var lines: JSONLines { JSONLines(isOn: runOptions.json) }

  /// Runs a trainer and exports its model.
  ///
  /// - Parameters:
  ///   - make: Makes the trainer, with what hears of it and what stops it.
  ///   - export: Writes the model.
  /// - Throws: What they throw; `ExitCode` where a signal ended the run.
  func run(
    _ make: (any TrainingObserver, StopRequest) throws -> Trainer,
    export: (MaskedLanguageModel) throws -> Void
  ) throws {
    let progress = TrainingProgress(label: command, folder: folder, common, lines)
    let stop = StopRequest()
    do {
      let trainer = try make(progress, stop)
      StopSignals.begin { signal in
        StopSignals.note(
          signal, "stopping after this step; once more ends it at once, at the last checkpoint")
        stop.request()
      }
      let result = try trainer.run()
      StopSignals.end()
      progress.finish(result)
      let exported = try choose(trainer)
      try export(trainer.model)
      common.log.info("\(command.dropFirst("train-".count)): \(output) (\(exported))")
      lines.write(
        "finished", result.summary,
        ["exported": runOptions.export.rawValue, "was_finished": result.wasFinished])
    } catch StudentTrainerError.stopped(let step, let totalSteps, let checkpoint) {
      progress.clear()
      try end(step: step, of: totalSteps, checkpoint: checkpoint)
    } catch {
      progress.clear()
      lines.write("error", nil, ["message": "\(error)"])
      throw error
    }
  }

  /// Puts the parameters that are wanted into the model, and says which.
  private func choose(_ trainer: Trainer) throws -> String {
    switch runOptions.export {
    case .last: return "the last step"
    case .best:
      let best = try trainer.restoreBest()
      return "step \(best.step), the best, held-out loss \(Format.fixed(best.evalLoss, 4))"
    }
  }

  private func end(step: Int, of totalSteps: Int, checkpoint: String?) throws {
    lines.write(
      "stopped", nil,
      ["step": step, "total_steps": totalSteps, "checkpoint": checkpoint ?? NSNull()])
    let kept = checkpoint == nil ? "nothing to keep yet" : "the checkpoint is written"
    common.log.notice(
      """
      stopped after step \(step) of \(totalSteps), \(kept); go on with \
      'pipeline \(command) --resume \(output)'
      """)
    throw ExitCode(StopSignals.signal.map(StopSignals.exitCode) ?? 1)
  }
}
