package import Foundation

/// What a finished run amounts to; `finished.json` of its folder.
package struct TrainingSummary: Codable, Sendable, Equatable {
  /// Optimiser steps.
  package var steps: Int
  /// Tokens trained on, repetitions included.
  package var tokens: Int
  /// Loss of the last step, before its update.
  package var lastLoss: Double
  /// Seconds of training with evaluations and checkpoints, without what a kill lost.
  package var seconds: Double
  /// Share of those seconds that the trainer waited for batches.
  package var dataWaitShare: Double
  /// The evaluation after the last step, where one was asked for.
  package var evaluation: EvaluationMetrics?
  /// The best evaluation of the run, whose checkpoint is kept; nil without evaluations.
  package var best: BestStep?
  /// Sequences that were left out because their soft targets were not there; nil where all were.
  package var skippedSequences: Int?

  /// The summary in a run's folder, or nil where there is no finished run.
  ///
  /// - Throws: `StudentTrainerError.unreadable`.
  package static func read(folder: URL) throws -> TrainingSummary? {
    try RunFolder(url: folder).summary()
  }
}

/// How a call of `Trainer.run` ended.
package struct TrainingResult: Sendable, Equatable {
  /// The finished run.
  package var summary: TrainingSummary
  /// True where the run had been finished before, so that nothing was trained.
  package var wasFinished: Bool
}
