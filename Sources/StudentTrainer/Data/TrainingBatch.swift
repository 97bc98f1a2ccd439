package import Corpus
package import Transformer

/// One batch of corrupted sequences, and what the head and the states are trained on.
package struct TrainingBatch: Sendable {
  /// The corrupted sequences.
  package var packed: PackedBatch
  /// Which sequences they are, in the order of `packed`; for error messages.
  package var references: [SequenceReference]
  /// Tokens of `packed` at which the head is needed, ascending.
  package var rows: [Int32]
  /// The original ID at each of `rows`, or -1 where there is no hard loss.
  package var labels: [Int32]
  /// Index into `softTargets` of each of `rows`, ascending, or -1 where there is no soft loss.
  package var softIndexes: [Int32]
  /// The teacher's distributions.
  package var softTargets: SoftTargets
  /// The teacher's last hidden states, or nil where none are kept.
  package var teacherStates: TeacherStates?
  /// The teacher's states that the hidden-state loss needs, by the teacher's layer, 0 the embeddings;
  /// all at the same rows.
  package var innerStates: [Int: TeacherStates] = [:]
  /// Sequences that were left out because their soft targets are not there yet.
  package var skippedSequences = 0

  /// A batch from its parts.
  ///
  /// - Precondition: `rows`, `labels` and `softIndexes` have one length.
  package init(
    packed: PackedBatch, references: [SequenceReference], rows: [Int32], labels: [Int32],
    softIndexes: [Int32], softTargets: SoftTargets = .none, teacherStates: TeacherStates? = nil
  ) {
    precondition(
      rows.count == labels.count && rows.count == softIndexes.count,
      "\(rows.count) rows, \(labels.count) labels, \(softIndexes.count) soft indexes")
    self.packed = packed
    self.references = references
    self.rows = rows
    self.labels = labels
    self.softIndexes = softIndexes
    self.softTargets = softTargets
    self.teacherStates = teacherStates
  }
}

extension TrainingBatch {
  /// This batch with those rows alone that a loss needs the head for.
  ///
  /// - Parameters:
  ///   - soft: Whether the soft-target loss has a weight.
  ///   - hard: Whether the cross entropy has one.
  /// - Returns: The batch, with the same targets.
  func needingHead(soft: Bool, hard: Bool) -> TrainingBatch {
    func isNeeded(_ row: Int) -> Bool {
      (soft && softIndexes[row] >= 0) || (hard && labels[row] >= 0)
    }
    if rows.indices.allSatisfy(isNeeded) { return self }
    let kept = rows.indices.filter(isNeeded)
    var batch = self
    batch.rows = kept.map { rows[$0] }
    batch.labels = kept.map { labels[$0] }
    batch.softIndexes = kept.map { softIndexes[$0] }
    return batch
  }
}

/// The teacher's hidden states of a layer at some tokens of a batch.
package struct TeacherStates: Sendable {
  /// Tokens of the batch, ascending.
  package var rows: [Int32]
  /// Width of a state.
  package var hiddenSize: Int
  /// The states, shape `[rows, hiddenSize]`, row-major.
  package var values: [Float]

  /// States from their parts.
  ///
  /// - Precondition: there is one state for each row.
  package init(rows: [Int32], hiddenSize: Int, values: [Float]) {
    precondition(values.count == rows.count * hiddenSize, "one state of \(hiddenSize) for each row")
    self.rows = rows
    self.hiddenSize = hiddenSize
    self.values = values
  }
}
