import Foundation

/// One logged optimiser step; a line of `metrics.jsonl`.
package struct StepMetrics: Codable, Sendable, Equatable {
  /// Steps done, this one included.
  package var step: Int
  /// Epoch of the step's last batch.
  package var epoch: Int
  /// The weighted sum of the parts, before the update.
  package var loss: Double
  /// Mean T² KL, where there are soft targets.
  package var lossCE: Double?
  /// Mean cross entropy, where there are labels.
  package var lossMLM: Double?
  /// Mean 1 - cos, where there are teacher states.
  package var lossCos: Double?
  /// The hidden-state loss, the sum of its pairs' means, where there is one.
  package var lossHidden: Double?
  /// T of the step, where it follows a schedule; so the weights below.
  package var temperature: Double?
  /// Weight of the soft-target loss.
  package var klWeight: Double?
  /// Weight of the cross entropy.
  package var mlmWeight: Double?
  /// Weight of the cosine loss.
  package var cosineWeight: Double?
  /// Weight of the hidden-state loss.
  package var hiddenWeight: Double?
  /// Learning rate of the step.
  package var learningRate: Double
  /// Norm of all gradients before clipping.
  package var gradNorm: Double
  /// Tokens of all steps so far.
  package var tokens: Int
  /// Tokens per second since the line before.
  package var tokensPerSecond: Double
  /// Share of the time since the line before that the trainer waited for batches.
  package var dataWaitShare: Double
}

/// An evaluation during training; a line of `metrics.jsonl`.
package struct EvaluationMetrics: Codable, Sendable, Equatable {
  /// Steps done.
  package var step: Int
  /// Held-out masked-token loss, nats.
  package var evalLoss: Double
  /// Share of masked tokens whose likeliest ID is right.
  package var evalAccuracy: Double
  /// Masked tokens that were evaluated.
  package var evalPositions: Int
}

/// Sequences of an epoch that were not trained on; a line of `metrics.jsonl` at the epoch's end.
package struct SkipMetrics: Codable, Sendable, Equatable {
  /// Steps done.
  package var step: Int
  /// The epoch.
  package var epoch: Int
  /// Sequences left out because their soft targets were not there.
  package var skippedSequences: Int
}
