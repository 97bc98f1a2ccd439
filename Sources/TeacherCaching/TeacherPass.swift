package import Corpus
import Kernels
package import LogitCache
import Synchronization
package import Transformer

/// Joins a teacher to a cache: runs the masked sequences of each block and keeps its soft targets.
///
/// The result of a block depends on the block alone: its sequences go through the teacher in their
/// own order, in batches of a fixed number of tokens, so a resumed or a second worker gives the same
/// bytes. One caller at a time; the products inside use the threads of `Parallel`.
package struct TeacherPass {
  /// Tokens encoded at once; a constant, because the shape of a product decides how it rounds.
  static let batchTokens = 4096

  /// What the cache will hold.
  package let specification: CacheSpecification
  private let teacher: MaskedLanguageModel
  private let corpus: TokenizedCorpus
  private let masker: Masker
  private var order: IDOrder

  /// Joins a teacher, the corpus it reads and the cache that is made.
  ///
  /// - Parameters:
  ///   - teacher: A model of the corpus's vocabulary, with positions for its longest sequence.
  ///   - corpus: The text.
  ///   - specification: What is kept, made for this teacher and corpus.
  /// - Throws: `CorpusError`; a decoding error where the mask specification is none.
  package init(
    teacher: MaskedLanguageModel, corpus: TokenizedCorpus, specification: CacheSpecification
  )
    throws
  {
    self.teacher = teacher
    self.corpus = corpus
    self.specification = specification
    let counts = try corpus.tokenCounts()
    let masks: MaskSpecification = try specification.mask.decode()
    masker = try Masker(masks, tokenCounts: counts)
    order = IDOrder(counts: counts)
  }

  /// What all blocks share.
  package var tables: CacheTables {
    guard specification.target.tail == .hidden else { return CacheTables(order: order) }
    let weight = teacher.weight(.wordEmbeddings)
    let bias = UnsafeBufferPointer(
      start: teacher.values(of: .decoderBias), count: teacher.configuration.vocabSize)
    return CacheTables(
      order: order, decoder: DecoderTable(weight: Array(weight.elements), bias: Array(bias)))
  }

  /// Takes the tables that a cache's folder has, which another process may have written, or which
  /// may be those of the cache that it extends.
  package mutating func use(_ tables: CacheTables) { order = tables.order }

  /// Writes the lengths of the corpus's sequences into a cache's folder.
  ///
  /// - Parameters:
  ///   - writer: The cache's writer.
  ///   - waiting: Called once where another process is writing them.
  /// - Throws: `CorpusError`, `ShardStoreError`.
  package func prepareSequences(_ writer: CacheWriter, waiting: () -> Void = {}) throws {
    try writer.prepareSequences(
      waiting: waiting,
      tokenCounts: specification.weightingCorpus == nil ? nil : try corpus.tokenCounts()
    ) { try corpus.lengths(block: $0) }
  }

  /// The masked sequences of a block.
  struct MaskedBlock {
    var corrupted: [[Int32]] = []
    var target: TargetBlock
    var rowStarts: [Int] = [0]
  }

  /// Computes one block.
  ///
  /// - Parameters:
  ///   - number: The block's corpus-wide number.
  ///   - replica: The mask replica.
  ///   - auditRows: Which of the block's rows keep their full logits, from their count.
  /// - Returns: The encoded block; its streams go into a shard.
  /// - Throws: `CorpusError`, or `LogitCacheError.badTarget` for logits that are not finite.
  package func encode(block number: Int, replica: Int, auditRows: (Int) -> [Int]) throws
    -> SoftTargetEncoder
  {
    var masked = Self.mask(
      try corpus.block(number), masker: masker, positions: specification.positions,
      replica: replica)
    masked.target.auditRows = auditRows(masked.target.positions.count)
    let encoder = try SoftTargetEncoder(
      specification: specification, order: order, block: masked.target)
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
      try run(masked, first..<end, into: encoder)
      first = end
    }
    return encoder
  }

  /// Corrupts the sequences of a block and selects the positions that keep a target.
  static func mask(
    _ block: SequenceBlock, masker: Masker, positions selection: PositionSelection, replica: Int
  ) -> MaskedBlock {
    var masked = MaskedBlock(
      target: TargetBlock(
        lengths: block.lengths, tokenIDs: block.tokenIDs, rowCounts: [], positions: [],
        inputChecks: []))
    for index in 0..<block.count {
      let sequence = block.sequence(index)
      let (corrupted, chosen) = masker.corrupt(sequence, replica: replica)
      let positions =
        selection == .all ? (0..<Int32(sequence.count)).map { $0 } : chosen
      masked.target.rowCounts.append(Int32(positions.count))
      masked.target.positions += positions
      masked.target.inputChecks.append(Masker.checksum(of: corrupted))
      masked.rowStarts.append(masked.target.positions.count)
      masked.corrupted.append(corrupted)
    }
    return masked
  }

  /// Runs some sequences of a block and adds their rows.
  private func run(
    _ masked: MaskedBlock, _ sequences: Range<Int>, into encoder: SoftTargetEncoder
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
            try encoder.add(
              row: firstRow + row, logits: UnsafeBufferPointer(logits.row(offset)),
              decoderInput: UnsafeBufferPointer(inputs.row(offset)),
              state: UnsafeBufferPointer(states.row(Int(rows[row]))))
          }
        } catch {
          failure.withLock { $0 = error }
        }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
  }
}
