package import Kernels

/// Whole rows of teacher logits. Owns its memory; read-only once it is in a batch.
package final class LogitTargets: @unchecked Sendable {  // written before it is shared
  /// Number of targets.
  package let rows: Int
  /// Entries of the vocabulary.
  package let vocabSize: Int
  private let buffer: FloatBuffer

  /// Zeros for `rows` targets.
  package init(rows: Int, vocabSize: Int) {
    self.rows = rows
    self.vocabSize = vocabSize
    buffer = FloatBuffer(count: rows * vocabSize)
  }

  /// All rows, `[rows, vocab]`.
  package var matrix: Matrix { Matrix(buffer, rows: rows, columns: vocabSize) }

  /// A copy of some rows, in their order.
  func rows(_ chosen: [Int]) -> LogitTargets {
    let copy = LogitTargets(rows: chosen.count, vocabSize: vocabSize)
    for (index, row) in chosen.enumerated() {
      _ = copy.matrix.row(index).update(from: matrix.row(row))
    }
    return copy
  }
}
