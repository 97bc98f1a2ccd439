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
    // The numbers of a cache are those of its own precision, whoever recomputes them.
    teacher.precision = Precision(rawValue: specification.precision) ?? .fp32
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
    return try encode(
      block: number, replica: replica, for: [(specification, tables)], auditRows: auditRows)[0]
  }

  /// Computes one block for several caches at once, which differ in their targets alone.
  ///
  /// - Parameters:
  ///   - number: The block's corpus-wide number.
  ///   - replica: The mask replica.
  ///   - caches: What is kept, each of one class of positions or of this pass's classes.
  ///   - auditRows: Which of the block's rows keep their full logits, from their count.
  /// - Returns: The encoded blocks, one a cache.
  /// - Throws: As `encode(block:replica:auditRows:)`.
  package func encode(
    block number: Int, replica: Int, for caches: [(CacheSpecification, CacheTables)],
    auditRows: (Int) -> [Int]
  ) throws -> [SoftTargetEncoder] {
    let block = try corpus.block(number)
    var masked = MaskedBlock(
      (0..<block.count).map { block.sequence($0) }, rule: rule, replica: replica)
    masked.target.auditRows = auditRows(masked.target.positions.count)
    let encoders = try caches.map { specification, tables in
      try SoftTargetEncoder(specification: specification, tables: tables, block: masked.target)
    }
    try run(masked) { row, logits, input, state in
      for encoder in encoders {
        try encoder.add(row: row, logits: logits, decoderInput: input, state: state)
      }
    }
    return encoders
  }

  /// Tables made from a sample of sequences all over the corpus, under the first mask replica.
  ///
  /// - Throws: `CorpusError`; `LogitCacheError.badTarget` for logits that are not finite.
  package func makeTables() throws -> CacheTables { try makeTables(for: [specification])[0] }

  /// Tables of several caches, which differ in their targets alone, from one run of the teacher.
  ///
  /// - Parameters:
  ///   - specifications: Each of one class of positions or of this pass's classes.
  ///   - mostSequences: The sample's size at most.
  /// - Returns: The tables of each.
  /// - Throws: As `makeTables()`.
  package func makeTables(
    for specifications: [CacheSpecification], mostSequences: Int = 448
  ) throws -> [CacheTables] {
    let width = teacher.configuration.hiddenSize
    let samples = specifications.map { specification in
      specification.targets.map {
        TargetSample(target: $0, vocabSize: specification.vocabSize, hiddenSize: width)
      }
    }
    let masked = MaskedBlock(
      try sampledSequences(most: mostSequences), rule: rule, replica: 0)
    let wanted = zip(specifications, samples).filter { specification, _ in
      specification.targets.contains { $0.tail != .hidden || $0.headK > 0 }
    }.map(\.1)
    if !wanted.isEmpty {
      let classes = masked.target.classes
      try run(masked) { row, logits, input, _ in
        for samples in wanted {
          let sample = samples[classes.isEmpty ? 0 : Int(classes[row])]
          try sample.add(row: row, logits: logits, decoderInput: input)
        }
      }
    }
    let weight = teacher.weight(.wordEmbeddings)
    let bias = UnsafeBufferPointer(
      start: teacher.values(of: .decoderBias), count: teacher.configuration.vocabSize)
    let decoder = DecoderTable(weight: Array(weight.elements), bias: Array(bias))
    return try zip(specifications, samples).map {
      try CacheTables(
        specification: $0, samples: $1, corpusCounts: tokenCounts, decoder: decoder)
    }
  }

  /// One sequence in sixteen, 32 to `most` of them, evenly over the corpus.
  private func sampledSequences(most: Int) throws -> [ArraySlice<Int32>] {
    let total = corpus.manifest.sequences
    let count = min(total, min(max(total / 16, 32), most))
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
