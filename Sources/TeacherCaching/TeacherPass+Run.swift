import Kernels
import LogitCache
import Synchronization
import Transformer

/// The teacher over masked sequences.
extension TeacherPass {
  /// Tokens encoded at once; a constant, because the shape of a product decides how it rounds.
  static let batchTokens = 4096

  /// Receives a row's number, logits, decoder input and last hidden state.
  typealias RowBody =
    @Sendable (
      Int, UnsafeBufferPointer<Float>, UnsafeBufferPointer<Float>, UnsafeBufferPointer<Float>
    ) throws -> Void

  /// Runs masked sequences, in batches of a fixed size, and gives each row's logits, decoder input
  /// and last hidden state to the body, which several threads call at once.
  func run(_ masked: MaskedBlock, _ body: RowBody) throws {
    var first = 0
    while first < masked.corrupted.count {
      var end = first
      var tokens = 0
      while end < masked.corrupted.count,
        end == first || tokens + masked.corrupted[end].count <= Self.batchTokens
      {
        tokens += masked.corrupted[end].count
        end += 1
      }
      try run(masked, first..<end, body)
      first = end
    }
  }

  /// Runs one batch.
  private func run(
    _ masked: MaskedBlock, _ sequences: Range<Int>, _ body: RowBody
  ) throws {
    let batch = PackedBatch(sequences: Array(masked.corrupted[sequences]))
    let firstRow = masked.rowStarts[sequences.lowerBound]
    var rows: [Int32] = []
    for (index, sequence) in sequences.enumerated() {
      let range = masked.rowStarts[sequence]..<masked.rowStarts[sequence + 1]
      rows += masked.target.positions[range].map { batch.sequenceStarts[index] + $0 }
    }
    guard !rows.isEmpty else { return }
    teacher.encode(batch, training: false)
    let states = teacher.lastHiddenStates
    let failure = Mutex<(any Error)?>(nil)
    teacher.forEachLogitChunk(rows: rows) { range, logits, inputs in
      Parallel.forEach(range.count) { part in
        do {
          for offset in part {
            let row = range.lowerBound + offset
            try body(
              firstRow + row, UnsafeBufferPointer(logits.row(offset)),
              UnsafeBufferPointer(inputs.row(offset)),
              UnsafeBufferPointer(states.row(Int(rows[row]))))
          }
        } catch {
          failure.withLock { $0 = error }
        }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
  }
}
