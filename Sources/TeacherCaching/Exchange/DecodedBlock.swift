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

  /// The tail's scalars, `[rows, 5]`; empty for another tail.
  var tailScalars: [Float] {
    block.tailScalars.flatMap {
      [$0.logPartition, $0.slope, $0.halfLogPartition, $0.halfSlope, $0.mean].map { Float($0) }
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
