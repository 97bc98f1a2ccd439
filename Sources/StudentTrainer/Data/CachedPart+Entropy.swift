import Kernels
import LogitCache

extension CachedPart {
  /// Rows whose whole distributions are made at a time.
  private static let chunkRows = 64

  /// The teacher's entropy at each row of a class, in nats at T = 1.
  ///
  /// - Parameter read: The class's rows, with head and tail.
  /// - Returns: As many numbers as there are rows.
  func entropies(_ read: TargetPart) -> [Float] {
    switch read.tail {
    case .none, .sampled: preconditionFailure("targets that tell no entropy")
    case .hidden(let rows): return entropies(rows)
    case .scalars(let scalars):
      return (0..<read.rows).map { row in
        Self.entropy(
          read, row, logPartition: scalars[row].logPartition, slope: scalars[row].slope)
      }
    case .lowRank(let rows):
      return (0..<read.rows).map { row in
        let partitions = rows.partitions(row)
        let (one, half) = (partitions[0].value, partitions[1].value)
        let slope = TeacherEntropy.slope(
          one: one, half: half, threeQuarters: partitions.count > 2 ? partitions[2].value : nil,
          tailCount: read.tailCount)
        return Self.entropy(read, row, logPartition: one, slope: slope)
      }
    }
  }

  /// From the whole stored head, whatever of it the losses use.
  private static func entropy(
    _ read: TargetPart, _ row: Int, logPartition: Double, slope: Double
  ) -> Float {
    let head = read.headLogits[row * read.headK..<(row + 1) * read.headK] + read.dropped(row)
    return Float(
      TeacherEntropy.entropy(
        head: head, logPartition: logPartition, slope: slope, tailCount: read.tailCount))
  }

  /// From whole distributions.
  private func entropies(_ rows: QuantizedRows) -> [Float] {
    guard let decoder = hiddenDecoder else { preconditionFailure("a part of another tail") }
    let scratch = FloatBuffer(count: Self.chunkRows * decoder.hiddenSize)
    let logits = FloatBuffer(count: Self.chunkRows * decoder.vocabSize)
    var inputs: [Float] = []
    for row in 0..<rows.rows {
      inputs.appendValues(decoder.hiddenSize) { rows.copyRow(row, into: $0) }
    }
    var entropies = [Float](repeating: 0, count: rows.rows)
    for start in stride(from: 0, to: rows.rows, by: Self.chunkRows) {
      let range = start..<min(start + Self.chunkRows, rows.rows)
      let matrix = Matrix(logits, rows: range.count, columns: decoder.vocabSize)
      decoder.logits(of: inputs, range, scratch: scratch, into: matrix)
      entropies.withUnsafeMutableBufferPointer { entropies in
        let entropies = entropies
        Parallel.forEach(range.count) { part in
          for offset in part {
            entropies[start + offset] = Float(
              TeacherEntropy.entropy(UnsafeBufferPointer(matrix.row(offset))))
          }
        }
      }
    }
    return entropies
  }
}
