package import Corpus
import Kernels
package import LogitCache
package import Transformer

/// Joins a teacher to a cache: runs the masked sequences of each block and keeps its soft targets.
///
/// The result of a block depends on the block alone: its sequences go through the teacher in their
/// own order, in batches of a fixed number of tokens, so a resumed or a second worker gives the same
/// bytes. One caller at a time; the products inside use the threads of `Parallel`.
package struct TeacherPass {
  /// What the cache will hold.
  package let specification: CacheSpecification
  let teacher: MaskedLanguageModel
  let corpus: TokenizedCorpus
  let rule: MaskingRule
  let tokenCounts: [UInt64]
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
}
