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
  private let rule: MaskingRule
  private let tokenCounts: [UInt64]
  /// What the blocks share; set by `use`.
  private var tables: CacheTables?

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
    rule = MaskingRule(
      masker: try Masker(masks, tokenCounts: counts), selection: specification.positions,
      otherShare: specification.otherShare, hasClasses: specification.targets.count > 1)
    tokenCounts = counts
  }

  /// Takes the tables that a cache's folder has, which another process may have written, or which
  /// may be those of the cache that it extends.
  package mutating func use(_ tables: CacheTables) { self.tables = tables }

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

  /// Computes one block.
  ///
  /// - Parameters:
  ///   - number: The block's corpus-wide number.
  ///   - replica: The mask replica.
  ///   - auditRows: Which of the block's rows keep their full logits, from their count.
  /// - Returns: The encoded block; its streams go into a shard.
  /// - Throws: `CorpusError`, or `LogitCacheError.badTarget` for logits that are not finite.
  /// - Precondition: The pass has its cache's tables.
  package func encode(
    block number: Int, replica: Int, auditRows: (Int) -> [Int]
  ) throws -> SoftTargetEncoder {
    guard let tables else { preconditionFailure("a pass without its cache's tables") }
    let block = try corpus.block(number)
    var masked = MaskedBlock(
      (0..<block.count).map { block.sequence($0) }, rule: rule, replica: replica)
    masked.target.auditRows = auditRows(masked.target.positions.count)
    let encoder = try SoftTargetEncoder(
      specification: specification, tables: tables, block: masked.target)
    try run(masked) { row, logits, input, state in
      try encoder.add(row: row, logits: logits, decoderInput: input, state: state)
    }
    return encoder
  }

  /// Tables made from a sample of sequences all over the corpus, under the first mask replica.
  ///
  /// - Throws: `CorpusError`; `LogitCacheError.badTarget` for logits that are not finite.
  package func makeTables() throws -> CacheTables {
    let width = teacher.configuration.hiddenSize
    let samples = specification.targets.map {
      TargetSample(target: $0, vocabSize: specification.vocabSize, hiddenSize: width)
    }
    let masked = MaskedBlock(try sampledSequences(), rule: rule, replica: 0)
    if specification.targets.contains(where: { $0.tail != .hidden || $0.headK > 0 }) {
      let classes = masked.target.classes
      try run(masked) { row, logits, input, _ in
        let sample = samples[classes.isEmpty ? 0 : Int(classes[row])]
        try sample.add(row: row, logits: logits, decoderInput: input)
      }
    }
    let weight = teacher.weight(.wordEmbeddings)
    let bias = UnsafeBufferPointer(
      start: teacher.values(of: .decoderBias), count: teacher.configuration.vocabSize)
    return try CacheTables(
      specification: specification, samples: samples, corpusCounts: tokenCounts,
      decoder: DecoderTable(weight: Array(weight.elements), bias: Array(bias)))
  }

  /// One sequence in sixteen, 32 to 448 of them, evenly over the corpus.
  private func sampledSequences() throws -> [ArraySlice<Int32>] {
    let total = corpus.manifest.sequences
    let count = min(total, min(max(total / 16, 32), 448))
    var sequences: [ArraySlice<Int32>] = []
    var number = 0
    var block = try corpus.block(0)
    var first = 0
    for index in 0..<count {
      let wanted = index * total / count
      while wanted >= first + block.count {
        first += block.count
        number += 1
        block = try corpus.block(number)
      }
      sequences.append(block.sequence(wanted - first))
    }
    return sequences
  }

  /// Runs masked sequences, in batches of a fixed size, and gives each row's logits, decoder input
  /// and last hidden state to the body, which several threads call at once.
  private func run(
    _ masked: MaskedBlock,
    _ body:
      @Sendable (
        Int, UnsafeBufferPointer<Float>, UnsafeBufferPointer<Float>, UnsafeBufferPointer<Float>
      ) throws -> Void
  ) throws {
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
    _ masked: MaskedBlock, _ sequences: Range<Int>,
    _ body:
      @Sendable (
        Int, UnsafeBufferPointer<Float>, UnsafeBufferPointer<Float>, UnsafeBufferPointer<Float>
      ) throws -> Void
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
