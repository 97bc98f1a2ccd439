package import Kernels

/// What the rows of one class of positions keep, as it was read.
package struct TargetPart: Sendable, Equatable {
  /// What is kept of the tokens beyond the head.
  package enum Tail: Sendable, Equatable {
    /// Not read, or nothing is kept.
    case none
    /// The tail beyond the *stored* head, one entry a row.
    case scalars([SoftTargetSelection.TailScalars])
    /// Coefficients and the tail's log-partitions.
    case lowRank(LowRankRows)
    /// The decoder's input of each row.
    case hidden(QuantizedRows)
    /// IDs drawn at T = 1.
    case sampled(SampledRows)
  }

  /// Number of rows.
  package var rows: Int
  /// Entries of the head that were asked for.
  package var headK: Int
  /// Token IDs of the head, shape `[rows, headK]`, largest logit first.
  package var headIDs: [Int32]
  /// Logits of the head minus the row's largest, `<= 0`, shape `[rows, headK]`; each is within half
  /// a step.
  package var headLogits: [Float]
  /// What is kept of the rest.
  package var tail: Tail
  /// Number of tokens beyond the stored head.
  package var tailCount: Int
  /// Logits minus the largest of the stored head's entries past `headK`, `[rows, stored - headK]`.
  package var droppedLogits: [Float]

  /// The tail of a row beyond the head that was asked for.
  ///
  /// - Precondition: The part was read with its tail, of the kind `scalars`.
  package func tailPartition(_ row: Int) -> TailPartition {
    guard case .scalars(let scalars) = tail else {
      preconditionFailure("the part has no tail scalars")
    }
    return TailPartition(scalars: scalars[row], count: tailCount, dropped: dropped(row))
  }

  /// Logits minus the largest of a row's stored head entries that were not asked for.
  package func dropped(_ row: Int) -> ArraySlice<Float> {
    let count = rows == 0 ? 0 : droppedLogits.count / rows
    return droppedLogits[row * count..<(row + 1) * count]
  }

  /// Writes the decoder's input of a row, `[inputSize]`.
  ///
  /// - Precondition: The part was read with its tail, of the kind `hidden`.
  package func copyHiddenRow(_ row: Int, into output: UnsafeMutableBufferPointer<Float>) {
    guard case .hidden(let hidden) = tail else {
      preconditionFailure("the part has no hidden rows")
    }
    hidden.copyRow(row, into: output)
  }
}

/// Coefficients in the cache's basis, and the mass of the tail beyond the stored head.
package struct LowRankRows: Sendable, Equatable {
  /// Coefficients that were asked for.
  package var rank: Int
  /// Shape `[rows, rank]`.
  package var coefficients: [Float]
  /// a(1) of each row's tail: log sum exp(z - m) beyond the stored head.
  package var logPartitions: [Float]
  /// a(1/2).
  package var halfLogPartitions: [Float]
  /// a(3/4); empty where the cache does not keep it.
  package var threeQuarterLogPartitions: [Float] = []

  /// The log-partitions of a row that are kept, each with its beta: of 1, 1/2 and perhaps 3/4.
  package func partitions(_ row: Int) -> [(beta: Double, value: Double)] {
    var kept = [(1, Double(logPartitions[row])), (0.5, Double(halfLogPartitions[row]))]
    if !threeQuarterLogPartitions.isEmpty {
      kept.append((0.75, Double(threeQuarterLogPartitions[row])))
    }
    return kept
  }
}
