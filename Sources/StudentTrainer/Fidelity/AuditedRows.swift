import Corpus
import Foundation
import Kernels
package import LogitCache
package import Transformer

/// The rows of a cache that keep their full logits, with the logits of a student there.
package struct AuditedRows {
  /// The rows of one block.
  struct Block {
    var block: Int
    var replica: Int
    var rows: [Int]
    /// Index of the first among all.
    var first: Int
  }

  let blocks: [Block]
  /// The teacher's logits, `[rows, vocab]`.
  let teacher: Matrix
  /// The student's, `[rows, vocab]`.
  let student: Matrix
  /// What the student is.
  let studentName: String
  private let memory: [FloatBuffer]

  /// Number of rows.
  package var count: Int { teacher.rows }

  /// Collects the rows.
  ///
  /// - Parameters:
  ///   - reader: A cache with audit rows.
  ///   - limit: At most so many rows, the first ones.
  ///   - model: A student that runs on the sequences of the rows; nil takes the teacher's mean distribution.
  /// - Throws: `StudentTrainerError.missingTargets` where the cache has none; what reading throws.
  package init(
    _ reader: CacheReader, limit: Int, student model: MaskedLanguageModel?
  ) throws {
    let vocab = reader.specification.vocabSize
    var blocks: [Block] = []
    var logits: [[Float]] = []
    let all = (0..<reader.replicas).flatMap { replica in
      (0..<reader.blockCount).map { (block: $0, replica: replica) }
    }
    for (block, replica) in all where logits.count < limit {
      let audited = try reader.auditRows(block: block, replica: replica)
      guard !audited.isEmpty else { continue }
      let kept = audited.prefix(limit - logits.count)
      blocks.append(
        Block(block: block, replica: replica, rows: kept.map(\.row), first: logits.count))
      logits += kept.map(\.logits)
    }
    guard !logits.isEmpty else {
      throw StudentTrainerError.missingTargets(
        loss: "fidelity",
        reason: "the cache keeps no audit rows; make one with --audit-rows of 1 or more")
    }
    let (teacher, student) = (
      FloatBuffer(count: logits.count * vocab), FloatBuffer(count: logits.count * vocab)
    )
    memory = [teacher, student]
    self.teacher = Matrix(teacher, rows: logits.count, columns: vocab)
    self.student = Matrix(student, rows: logits.count, columns: vocab)
    for (row, values) in logits.enumerated() { _ = self.teacher.row(row).update(from: values) }
    self.blocks = blocks
    if let model {
      studentName = "a student of \(model.configuration.numHiddenLayers) layers"
      try Self.run(model, reader, blocks, into: self.student)
    } else {
      studentName = "the teacher's mean distribution"
      Self.fillMean(of: self.teacher, into: self.student)
    }
  }

  /// log of the mean of the rows' softmax at T = 1, in every row.
  private static func fillMean(of teacher: Matrix, into student: Matrix) {
    var mean = [Double](repeating: 0, count: teacher.columns)
    for row in 0..<teacher.rows {
      let logits = teacher.row(row)
      let largest = Double(logits.max() ?? 0)
      let sum = logits.reduce(0) { $0 + exp(Double($1) - largest) }
      for (id, value) in logits.enumerated() { mean[id] += exp(Double(value) - largest) / sum }
    }
    let unigram = mean.map { Float(log($0 / Double(teacher.rows) + 1e-12)) }
    for row in 0..<student.rows { _ = student.row(row).update(from: unigram) }
  }

  /// Runs a student on the masked sequences of the audited rows.
  private static func run(
    _ model: MaskedLanguageModel, _ reader: CacheReader, _ blocks: [Block], into output: Matrix
  ) throws {
    guard model.configuration.vocabSize == output.columns else {
      throw StudentTrainerError.mismatch(
        what: "the cache and the student",
        differences: [
          "vocabulary size: \(output.columns) cached, \(model.configuration.vocabSize) of the student"
        ])
    }
    let masks = try CacheBatchSource.masks(reader.specification)
    let sequences = CachedSequences(reader)
    let masker = try Masker(masks, tokenCounts: sequences.tokenCountsIfNeeded(masks))
    for block in blocks {
      let options = ReadOptions(wantsHead: false, wantsTail: false, wantsStates: false)
      let read = try reader.readBlock(block.block, replica: block.replica, options: options)
      let starts = read.lengths.reduce(into: [0]) { $0.append(($0.last ?? 0) + Int($1)) }
      for (index, row) in block.rows.enumerated() {
        guard let next = read.rowStarts.firstIndex(where: { $0 > row }), next > 0 else { continue }
        let original = read.tokenIDs[starts[next - 1]..<starts[next]]
        let corrupted = masker.corrupt(
          original, replica: reader.specification.maskReplica(block.replica)
        ).corrupted
        let rows = [read.positions[row]]
        model.encode(PackedBatch(sequences: [corrupted]), training: false, lastLayerAt: rows)
        model.forEachLogitChunk(rows: rows) { _, logits, _ in
          _ = output.row(block.first + index).update(from: logits.row(0))
        }
      }
    }
  }
}
