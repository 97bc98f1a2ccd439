package import Kernels

/// The soft targets of one block, as they were read.
package struct SoftTargetBlock: Sendable, Equatable {
  /// Tokens of each sequence.
  package var lengths: [Int32]
  /// The original tokens, sequence by sequence.
  package var tokenIDs: [Int32]
  /// First row of each sequence, and the number of rows at the end: `sequences + 1` entries.
  package var rowStarts: [Int32]
  /// The position in its sequence of each row, ascending within a sequence.
  package var positions: [Int32]
  /// Checksum of each sequence's corrupted tokens.
  package var inputChecks: [UInt64]

  /// Entries of the head that were asked for.
  package var headK: Int
  /// Token IDs of the head, shape `[rows, headK]`, largest logit first.
  package var headIDs: [Int32]
  /// Logits of the head minus the row's largest, `<= 0`, shape `[rows, headK]`; each is within half
  /// a step.
  package var headLogits: [Float]

  /// The tail beyond the *stored* head, one entry a row; empty for another kind of tail.
  package var tailScalars: [SoftTargetSelection.TailScalars]
  /// The decoder's input of each row; nil for another kind of tail.
  package var hidden: QuantizedRows?
  /// The last hidden state of each row; nil where none is kept or none was asked for.
  package var states: QuantizedRows?

  /// Number of tokens beyond the stored head.
  package var tailCount: Int
  /// Logits minus the largest of the stored head's entries past `headK`, `[rows, stored - headK]`.
  package var droppedLogits: [Float]

  /// Number of positions that keep a soft target.
  package var rowCount: Int { positions.count }

  /// The tail of a row beyond the head that was asked for.
  ///
  /// - Precondition: The block was read with its tail, of the kind `scalars`.
  package func tailPartition(_ row: Int) -> TailPartition {
    precondition(tailScalars.indices.contains(row), "row \(row) of \(tailScalars.count)")
    let dropped = rowCount == 0 ? 0 : droppedLogits.count / rowCount
    return TailPartition(
      scalars: tailScalars[row], count: tailCount,
      dropped: droppedLogits[row * dropped..<(row + 1) * dropped])
  }

  /// Writes the decoder's input of a row, `[hiddenSize]`.
  ///
  /// - Precondition: The block was read with its tail, of the kind `hidden`.
  package func copyHiddenRow(_ row: Int, into output: UnsafeMutableBufferPointer<Float>) {
    guard let hidden else { preconditionFailure("the block has no hidden rows") }
    hidden.copyRow(row, into: output)
  }

  /// Writes the last hidden state of a row, `[hiddenSize]`.
  ///
  /// - Precondition: The block was read with its states.
  package func copyState(_ row: Int, into output: UnsafeMutableBufferPointer<Float>) {
    guard let states else { preconditionFailure("the block has no states") }
    states.copyRow(row, into: output)
  }
}

/// Full logits of a few rows, kept so that fidelity can be measured without the teacher.
package struct AuditRow: Sendable, Equatable {
  /// Block, corpus-wide.
  package var block: Int
  /// Mask replica.
  package var replica: Int
  /// Row in the block.
  package var row: Int
  /// The teacher's logits, `[vocab]`.
  package var logits: [Float]
}

/// What to read of a block; what is not wanted is not decoded.
package struct ReadOptions: Sendable, Hashable {
  /// Entries of the head; nil for all that are stored.
  package var headK: Int?
  /// Whether to read the head.
  package var wantsHead: Bool
  /// Whether to read the tail.
  package var wantsTail: Bool
  /// Whether to read the states.
  package var wantsStates: Bool

  /// Options of those values.
  package init(
    headK: Int? = nil, wantsHead: Bool = true, wantsTail: Bool = true, wantsStates: Bool = true
  ) {
    self.headK = headK
    self.wantsHead = wantsHead
    self.wantsTail = wantsTail
    self.wantsStates = wantsStates
  }
}
