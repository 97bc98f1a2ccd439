/// Rows that each loss is averaged over, in a batch or in the batches of a step.
package struct LossCounts: Sendable, Equatable {
  /// Rows with a soft target.
  package var soft = 0
  /// Rows with a label.
  package var hard = 0
  /// Rows with a teacher state.
  package var cosine = 0
  /// Rows with teacher states for the hidden-state loss.
  package var hidden = 0

  /// No rows.
  package init() {}

  /// The rows of one batch.
  package init(_ batch: TrainingBatch) {
    soft = batch.softIndexes.count { $0 >= 0 }
    hard = batch.labels.count { $0 >= 0 }
    cosine = batch.teacherStates?.rows.count ?? 0
    hidden = batch.innerStates.values.first?.rows.count ?? 0
  }

  /// Forgets the rows of losses that have no weight, which are not computed.
  mutating func leaveOutUnweighted(_ configuration: TrainingConfiguration) {
    if configuration.alphaCE == 0 { soft = 0 }
    if configuration.alphaMLM == 0 { hard = 0 }
    if configuration.alphaCos == 0 { cosine = 0 }
    if configuration.hidden?.weight ?? 0 == 0 { hidden = 0 }
  }

  /// Adds the rows of more batches.
  package static func += (left: inout LossCounts, right: LossCounts) {
    left.soft += right.soft
    left.hard += right.hard
    left.cosine += right.cosine
    left.hidden += right.hidden
  }
}

/// Sums of the row losses, unweighted, in nats (the cosine loss unitless).
package struct LossSums: Sendable, Equatable {
  /// T² KL over the rows with a soft target.
  package var soft = 0.0
  /// Cross entropy over the rows with a label.
  package var hard = 0.0
  /// 1 - cos over the rows with a teacher state.
  package var cosine = 0.0
  /// The hidden-state loss, summed over its pairs, over the rows with teacher states.
  package var hidden = 0.0

  /// Nothing summed yet.
  package init() {}

  /// Adds the sums of another batch.
  package static func += (left: inout LossSums, right: LossSums) {
    left.soft += right.soft
    left.hard += right.hard
    left.cosine += right.cosine
    left.hidden += right.hidden
  }

  /// The means, weighted and added: the loss that the gradients belong to.
  package func total(_ counts: LossCounts, _ configuration: TrainingConfiguration) -> Double {
    configuration.alphaCE * Self.mean(soft, counts.soft)
      + configuration.alphaMLM * Self.mean(hard, counts.hard)
      + configuration.alphaCos * Self.mean(cosine, counts.cosine)
      + (configuration.hidden?.weight ?? 0) * Self.mean(hidden, counts.hidden)
  }

  /// A mean that is 0 where there is nothing to average.
  package static func mean(_ sum: Double, _ count: Int) -> Double {
    count > 0 ? sum / Double(count) : 0
  }
}
