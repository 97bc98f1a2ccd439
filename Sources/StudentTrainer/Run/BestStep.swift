/// The step with the lowest held-out loss of a run so far.
package struct BestStep: Codable, Sendable, Equatable {
  /// Steps done then.
  package var step: Int
  /// The held-out loss then, nats.
  package var evalLoss: Double
}

extension CheckpointState {
  /// Compares an evaluation with the best one.
  ///
  /// - Returns: Whether it is the best now; the first of equal ones stays.
  mutating func note(_ evaluation: EvaluationMetrics) -> Bool {
    self.evaluation = evaluation
    guard evaluation.evalLoss.isFinite else { return false }
    if let best, !(evaluation.evalLoss < best.evalLoss) { return false }
    best = BestStep(step: evaluation.step, evalLoss: evaluation.evalLoss)
    return true
  }
}
