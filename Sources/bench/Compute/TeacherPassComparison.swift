import Console
import Corpus
import Foundation
import Kernels
import StudentTrainer
import Transformer

/// A teacher over lines of mixed lengths: encoder, head and the 64 largest logits at masked positions.
///
/// Ours takes the lines as they come, end to end; PyTorch sorts them by length and pads each batch.
struct TeacherPassComparison {
  let context: ComputeContext
  private static let k = 64

  func rows() throws -> [ComputeRow] {
    let precision = ComputePrecision.bf16
    let folder = try context.models.smallTeacher()
    let lines = try maskedLines()
    let teacher = OwnTeacher(
      model: try ComputeModels.load(folder, precision), batches: try Self.batches(lines),
      k: Self.k)
    let amount = Double(lines.packed.tokenCount)
    let peers = try context.peers { process in
      let inputs = context.scratch.fresh("lines")
      try BatchFile.write(lines, to: inputs)
      var work = PeerWork(
        kind: .teacherPass, folder: folder.path, inputs: [inputs.path], precision: .fp32,
        k: Self.k)
      try check(teacher, PeerContender("PyTorch", process, work, amount: amount))
      work.precision = precision
      return [try PeerContender("PyTorch", process, work, amount: amount)]
    }
    for peer in peers { try check(teacher, peer) }
    let rates = try context.measure(teacher, peers, precision)
    let shape = teacher.model.configuration
    let work = "teacher pass \(shape.numHiddenLayers)x\(shape.hiddenSize), lines, top \(Self.k)"
    return [
      ComputeRow(
        work: work, precision: precision, unit: "tokens/s",
        ours: rates.ours, peer: peers.first?.name, peerValue: rates.peers.first,
        toReach: .atLeast(2.5))
    ]
  }

  private func check(_ teacher: OwnTeacher, _ peer: PeerContender) throws {
    try OutputCheck.require(
      teacher.run(), equal: peer.output("values"), "the largest logits of the teacher pass", peer,
      ComputePrecision.bf16)
  }

  /// All lines as one batch, in the order of the text.
  private func maskedLines() throws -> TrainingBatch {
    let corpus = try context.text.lines(tokens: context.plan.lineTokens)
    let masker = try Masker(MaskSpecification(corpus: corpus.manifest, seed: 1))
    var sequences: [[Int32]] = []
    var (rows, start) = ([Int32](), Int32(0))
    for number in 0..<corpus.blockCount {
      let block = try corpus.block(number)
      for index in 0..<block.count {
        let (tokens, positions) = masker.corrupt(block.sequence(index), replica: 0)
        rows += positions.map { start + $0 }
        start += Int32(tokens.count)
        sequences.append(tokens)
      }
    }
    let none = rows.map { _ in Int32(-1) }
    return TrainingBatch(
      packed: PackedBatch(sequences: sequences), references: [], rows: rows, labels: none,
      softIndexes: none)
  }

  /// Batches of 4,096 tokens, as `cache-teacher` makes them.
  private static func batches(_ lines: TrainingBatch) throws -> [OwnTeacher.Batch] {
    var batches: [OwnTeacher.Batch] = []
    let starts = lines.packed.sequenceStarts
    var (first, row) = (0, 0)
    while first < lines.packed.sequenceCount {
      var end = first + 1
      while end < lines.packed.sequenceCount, starts[end + 1] - starts[first] <= 4096 { end += 1 }
      let (begin, limit) = (starts[first], starts[end])
      let rows = lines.rows[row...].prefix { $0 < limit }.map { $0 - begin }
      row += rows.count
      batches.append(
        OwnTeacher.Batch(
          packed: PackedBatch(
            tokenIDs: Array(lines.packed.tokenIDs[Int(begin)..<Int(limit)]),
            sequenceStarts: starts[first...end].map { $0 - begin }),
          rows: rows))
      first = end
    }
    return batches
  }
}

/// Our teacher pass, without the coding and writing that `cache-teacher` adds.
private struct OwnTeacher: Contender {
  struct Batch {
    let packed: PackedBatch
    let rows: [Int32]
  }

  let name = "ours"
  let model: MaskedLanguageModel
  let batches: [Batch]
  let k: Int

  func rate() -> Double {
    let start = ContinuousClock.now
    _ = run()
    let tokens = batches.reduce(0) { $0 + $1.packed.tokenCount }
    return Double(tokens) / (ContinuousClock.now - start).seconds
  }

  /// The largest logits of each row, `[rows, k]`.
  func run() -> [Float] {
    let count = batches.reduce(0) { $0 + $1.rows.count }
    let values = FloatBuffer(count: count * k)
    let ids = IDs(count: count * k)
    // Pointers into the two do not keep them alive.
    return withExtendedLifetime((values, ids)) {
      var first = 0
      for batch in batches where !batch.rows.isEmpty {
        model.encode(batch.packed, training: false, lastLayerAt: batch.rows)
        model.forEachLogitChunk(rows: batch.rows) { range, logits, _ in
          select(logits, values.base, ids.base, firstRow: first + range.lowerBound)
        }
        first += batch.rows.count
      }
      return Array(values.elements)
    }
  }

  /// Takes the largest of each row of a chunk.
  private func select(
    _ logits: Matrix, _ values: UnsafeMutablePointer<Float>, _ ids: UnsafeMutablePointer<Int32>,
    firstRow: Int
  ) {
    Parallel.forEach(logits.rows) { part in
      for row in part {
        let start = (firstRow + row) * k
        _ = SoftTargetSelection.select(
          UnsafeBufferPointer(logits.row(row)),
          ids: UnsafeMutableBufferPointer(start: ids + start, count: k),
          values: UnsafeMutableBufferPointer(start: values + start, count: k))
      }
    }
  }

  /// Memory for the IDs of the rows.
  private final class IDs {
    let base: UnsafeMutablePointer<Int32>

    init(count: Int) { base = .allocate(capacity: max(1, count)) }

    deinit { base.deallocate() }
  }
}
