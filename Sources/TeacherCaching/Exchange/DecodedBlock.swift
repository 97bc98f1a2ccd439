import Kernels
import LogitCache

/// A block's soft targets as plain numbers.
struct DecodedBlock {
  let block: SoftTargetBlock
  let audit: [AuditRow]

  /// Sequence (of the block) and position of each row, one after the other.
  func rows(firstSequence: Int) -> [Int32] {
    (0..<block.lengths.count).flatMap { sequence in
      block.positions[Int(block.rowStarts[sequence])..<Int(block.rowStarts[sequence + 1])]
        .flatMap { [Int32(firstSequence + sequence), $0] }
    }
  }

  /// Rows as floats, `[rows, columns]`.
  static func floats(_ rows: QuantizedRows) -> [Float] {
    var result = [Float](repeating: 0, count: rows.rows * rows.columns)
    result.withUnsafeMutableBufferPointer { all in
      for row in 0..<rows.rows {
        rows.copyRow(
          row,
          into: UnsafeMutableBufferPointer(
            rebasing: all[row * rows.columns..<(row + 1) * rows.columns]))
      }
    }
    return result
  }
}

/// Numbers of a kind that a class of positions keeps, the same count for each row.
struct NamedRows {
  enum Numbers {
    case integers([Int32])
    case floats([Float])
  }

  let name: String
  let width: Int
  let numbers: Numbers

  /// A row's numbers as JSON has them.
  func text(_ row: Int) -> [String] {
    let range = row * width..<(row + 1) * width
    switch numbers {
    case .integers(let values): return values[range].map { "\($0)" }
    case .floats(let values): return values[range].map { "\($0)" }
    }
  }
}

extension TargetPart {
  /// What the class keeps, but for what is drawn, whose count differs from row to row.
  ///
  /// - Parameter inputSize: Width of the decoder's input.
  /// - Returns: The kinds in the order in which files have them.
  func namedRows(inputSize: Int) -> [NamedRows] {
    var result: [NamedRows] = []
    if headK > 0 {
      result.append(NamedRows(name: "top_ids", width: headK, numbers: .integers(headIDs)))
      result.append(NamedRows(name: "top_logits", width: headK, numbers: .floats(headLogits)))
    }
    switch tail {
    case .none, .sampled: break
    case .scalars(let scalars):
      let values = scalars.flatMap {
        [$0.logPartition, $0.slope, $0.halfLogPartition, $0.halfSlope, $0.mean].map { Float($0) }
      }
      result.append(NamedRows(name: "tail_scalars", width: 5, numbers: .floats(values)))
    case .hidden(let rows):
      result.append(
        NamedRows(
          name: "decoder_input", width: inputSize, numbers: .floats(DecodedBlock.floats(rows))))
    case .lowRank(let rows):
      let width = rows.threeQuarterLogPartitions.isEmpty ? 2 : 3
      let partitions = rows.logPartitions.indices.flatMap { row in
        rows.partitions(row).map { Float($0.value) }
      }
      result.append(
        NamedRows(name: "tail_partitions", width: width, numbers: .floats(partitions)))
      result.append(
        NamedRows(
          name: "tail_coefficients", width: rows.rank, numbers: .floats(rows.coefficients)))
    }
    return result
  }

  /// What was drawn of each row; nil for another tail.
  var drawn: SampledRows? {
    if case .sampled(let rows) = tail { rows } else { nil }
  }
}
