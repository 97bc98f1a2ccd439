package import StudentTrainer

/// What is known of a model; what was not measured is nil.
package struct ModelFigures: Sendable, Equatable {
  /// Its name on the page.
  package var name: String
  /// Values in all tensors, tied ones once.
  package var parameters: Int?
  /// Bytes of the weights' files.
  package var diskBytes: Int?
  /// Median time of one sequence.
  package var latency: LatencyMeasurement?
  /// Held-out masked-token loss, nats.
  package var loss: Double?
  /// Share of masked tokens whose likeliest ID is right.
  package var accuracy: Double?
  /// Masked tokens that were evaluated.
  package var positions: Int?

  /// Figures of which the evaluation is known.
  package init(name: String, evaluation: EvaluationMetrics? = nil) {
    self.name = name
    loss = evaluation?.evalLoss
    accuracy = evaluation?.evalAccuracy
    positions = evaluation?.evalPositions
  }

  /// Takes what an evaluation gave.
  package mutating func take(_ result: EvaluationResult) {
    (loss, accuracy, positions) = (result.loss, result.accuracy, result.positions)
  }
}
