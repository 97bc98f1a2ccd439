import Kernels
import LogitCache
import Synchronization
import Transformer

/// The teacher over masked sequences.
extension TeacherPass {
  /// Tokens encoded at once; a constant, because the shape of a product decides how it rounds.
  static let batchTokens = 4096

  /// Receives a row's number, logits, decoder input, and the states that are kept, one layer's after
  /// the other; the last one where none is.
  typealias RowBody =
    @Sendable (
      Int, UnsafeBufferPointer<Float>, UnsafeBufferPointer<Float>, UnsafeBufferPointer<Float>
    ) throws -> Void

  /// Runs masked sequences, in batches of a fixed size, and gives each row's logits, decoder input
  /// and states to the body, which several threads call at once.
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
    let kept = KeptStates(specification.stateLayers, rows: rows, of: teacher)
    teacher.encode(batch, training: false, lastLayerAt: rows) { kept.take(layer: $0, $1) }
    let failure = Mutex<(any Error)?>(nil)
    teacher.forEachLogitChunk(rows: rows) { range, logits, inputs in
      Parallel.forEach(range.count) { part in
        do {
          for offset in part {
            let row = range.lowerBound + offset
            try body(
              firstRow + row, UnsafeBufferPointer(logits.row(offset)),
              UnsafeBufferPointer(inputs.row(offset)),
              kept.row(row))
          }
        } catch {
          failure.withLock { $0 = error }
        }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
  }
}

/// The states of a batch's rows, collected as layers are made, since an inference pass overwrites them.
///
/// Owns its memory. `@unchecked Sendable`: written by `take` on one thread, then read by many.
private final class KeptStates: @unchecked Sendable {
  private let layers: [Int]?
  private let rows: [Int32]
  private let teacher: MaskedLanguageModel
  private let width: Int
  private let buffer: FloatBuffer  // [rows, layers, hidden]; empty for the last layer alone

  init(_ layers: [Int]?, rows: [Int32], of teacher: MaskedLanguageModel) {
    self.layers = layers
    self.rows = rows
    self.teacher = teacher
    width = teacher.configuration.hiddenSize
    buffer = FloatBuffer(count: rows.count * (layers?.count ?? 0) * width)
  }

  func take(layer: Int, _ states: Matrix) {
    guard let layers, let place = layers.firstIndex(of: layer) else { return }
    for (index, row) in teacher.rows(ofTokens: rows, layer: layer).enumerated() {
      (buffer.base + (index * layers.count + place) * width)
        .update(from: states.row(Int(row)).baseAddress ?? buffer.base, count: width)
    }
  }

  /// The states of one of the rows; those of the last layer from where the teacher has them.
  func row(_ index: Int) -> UnsafeBufferPointer<Float> {
    guard let layers else {
      // The last layer was computed at these rows alone.
      return UnsafeBufferPointer(teacher.lastHiddenStates.row(index))
    }
    let count = layers.count * width
    return UnsafeBufferPointer(start: buffer.base + index * count, count: count)
  }
}
