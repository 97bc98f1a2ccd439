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

  /// The targets, one entry a class of positions.
  package var parts: [TargetPart]
  /// The class of each row; empty where there is one class.
  package var classes: [UInt8]
  /// The number of each row within its class; empty where there is one class.
  package var rowsInClass: [Int32]

  /// The last hidden state of each row; nil where none is kept or none was asked for.
  package var states: QuantizedRows?

  /// The states of other layers that were asked for, by layer, 0 the embeddings.
  package var innerStates: [Int: QuantizedRows] = [:]

  /// Number of positions that keep a soft target.
  package var rowCount: Int { positions.count }

  /// The class of a row, and its number in it.
  package func place(_ row: Int) -> (part: Int, row: Int) {
    classes.isEmpty ? (0, row) : (Int(classes[row]), Int(rowsInClass[row]))
  }

  /// Writes the last hidden state of a row, or that of another layer, `[hiddenSize]`.
  ///
  /// - Precondition: The block was read with these states.
  package func copyState(
    _ row: Int, ofLayer layer: Int? = nil, into output: UnsafeMutableBufferPointer<Float>
  ) {
    guard let states = layer.map({ innerStates[$0] }) ?? states else {
      preconditionFailure("the block has no states\(layer.map { " of layer \($0)" } ?? "")")
    }
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
  /// Coefficients of the tail `lowrank`; nil for all that are stored.
  package var rank: Int?
  /// Whether to read the head.
  package var wantsHead: Bool
  /// Whether to read the tail.
  package var wantsTail: Bool
  /// Whether to read the states.
  package var wantsStates: Bool
  /// The layers whose states are read, of those that are kept; nil for all of them.
  package var stateLayers: [Int]?

  /// Options of those values.
  package init(
    headK: Int? = nil, rank: Int? = nil, wantsHead: Bool = true, wantsTail: Bool = true,
    wantsStates: Bool = true, stateLayers: [Int]? = nil
  ) {
    self.headK = headK
    self.rank = rank
    self.wantsHead = wantsHead
    self.wantsTail = wantsTail
    self.wantsStates = wantsStates
    self.stateLayers = stateLayers
  }
}
