package import Corpus
package import LogitCache

/// Masked sequences with the soft targets that a logit cache holds; the teacher is not there.
///
/// The corruption is made again from the cache's mask specification, and compared with the checksum
/// of what the teacher saw, before any target of the sequence is used.
package final class CacheBatchSource: BatchSource {
  private struct BlockKey: Hashable, Sendable {
    let block: Int
    let replica: Int
  }

  /// Decompression and target building cost little next to a training step.
  package let runsAhead = true
  private let reader: CacheReader
  private let plan: BatchPlan
  private let store: SequenceStore
  private let masker: Masker
  private let builder: CachedTargets
  private let blocks: BlockCache<BlockKey, SoftTargetBlock>

  /// Soft targets of a cache on the corpus that it was made from.
  ///
  /// - Parameters:
  ///   - reader: The cache.
  ///   - corpus: Where given, its digest has to be the cache's; the cache keeps the sequences.
  ///   - configuration: Gives the order, the temperature, and which losses have a weight.
  /// - Throws: `LogitCacheError.mismatch` for a cache of another tokenizer, vocabulary or corpus, with
  ///   every difference; `StudentTrainerError.missingTargets` where a loss has a weight and the cache
  ///   does not hold what it needs; what reading the cache or corpus throws.
  package init(
    reader: CacheReader, corpus: TokenizedCorpus? = nil, configuration: TrainingConfiguration
  ) throws {
    let specification = reader.specification
    if let manifest = corpus?.manifest {
      try reader.check(
        CacheExpectation(
          tokenizerDigest: manifest.tokenizerDigest, vocabSize: manifest.vocabSize,
          corpusDigest: manifest.digest, sequences: manifest.sequences))
    }
    let masks = try Self.masks(specification)
    var differences: [String] = []
    if masks.vocabSize != specification.vocabSize {
      differences.append(
        "vocabulary size: \(specification.vocabSize) cached, \(masks.vocabSize) in its masks")
    }
    // A part of a cache has fewer replicas than the masks they were taken from.
    let isPart = specification.derivedFrom?.replicas != nil
    let used = (0..<specification.replicas).map(specification.maskReplica).max() ?? 0
    if isPart ? used >= masks.replicas : masks.replicas != specification.replicas {
      differences.append(
        "replicas: \(specification.replicas) cached, \(masks.replicas) in its masks")
    }
    guard differences.isEmpty else {
      throw StudentTrainerError.mismatch(what: "the cache and its masks", differences: differences)
    }
    self.reader = reader
    builder = try CachedTargets(reader: reader, configuration: configuration)
    let sequences = CachedSequences(reader)
    plan = BatchPlan(sequences: sequences, configuration: configuration)
    store = SequenceStore(sequences: sequences, capacity: configuration.windowBlocks + 1)
    masker = try Masker(masks, tokenCounts: sequences.tokenCountsIfNeeded(masks))
    let options = builder.readOptions
    blocks = BlockCache(capacity: configuration.windowBlocks + 1) {
      try reader.readBlock($0.block, replica: $0.replica, options: options)
    }
  }

  /// The mask specification that a cache records.
  ///
  /// - Throws: `StudentTrainerError.mismatch` where it is none that this version knows.
  package static func masks(_ specification: CacheSpecification) throws -> MaskSpecification {
    do {
      return try specification.mask.decode()
    } catch {
      throw StudentTrainerError.mismatch(
        what: "the cache and this version", differences: ["its mask specification is unknown here"])
    }
  }

  /// What determines the batches.
  package var identity: [String: String] {
    ["targets": "cache", "cache fingerprint": reader.manifest.fingerprint]
  }

  /// Number of batches of an epoch.
  package func batchCount(epoch: Int) throws -> Int { try plan.batchCount(epoch: epoch) }

  /// The masked sequences of a batch, with their soft targets and states.
  ///
  /// - Throws: `StudentTrainerError.inputChanged` or `.badTargets`, naming the sequence; what reading
  ///   throws, naming shard, block and stream.
  package func batch(epoch: Int, index: Int) throws -> TrainingBatch? {
    guard let references = try plan.sequences(epoch: epoch, index: index) else { return nil }
    let replica = epoch % reader.replicas
    let sequences = try MaskedSequences(
      references, store: store, masker: masker,
      replica: reader.specification.maskReplica(replica))
    let labelOfToken = sequences.labelOfToken
    var targets = builder.collector()
    var (rows, labels): ([Int32], [Int32]) = ([], [])
    for entry in sequences.entries {
      let key = BlockKey(block: entry.reference.block, replica: replica)
      let block = try blocks.value(key)
      let range = try check(entry, block: block, replica: replica)
      for row in range {
        let token = Int32(entry.start) + block.positions[row]
        rows.append(token)
        labels.append(labelOfToken[Int(token)])
        targets.append(block, row: row, token: token)
      }
    }
    let (soft, states) = targets.finish()
    return TrainingBatch(
      packed: sequences.packed, references: references, rows: rows, labels: labels,
      softIndexes: builder.wantsSoft
        ? rows.indices.map(Int32.init) : [Int32](repeating: -1, count: rows.count),
      softTargets: soft, teacherStates: states)
  }

  /// The rows of a sequence, once its input is known to be what the teacher saw.
  private func check(
    _ entry: MaskedSequences.Entry, block: SoftTargetBlock, replica: Int
  ) throws -> Range<Int> {
    func bad(_ reason: String) -> StudentTrainerError {
      .badTargets(sequence: entry.reference, replica: replica, reason: reason)
    }
    let index = entry.reference.index
    guard index < block.lengths.count, Int(block.lengths[index]) == entry.original.count else {
      throw bad("the corpus has \(entry.original.count) tokens there, the cache another length")
    }
    let found = Masker.checksum(of: entry.corrupted)
    guard found == block.inputChecks[index] else {
      throw StudentTrainerError.inputChanged(
        sequence: entry.reference, replica: replica, expected: block.inputChecks[index],
        found: found)
    }
    let range = Int(block.rowStarts[index])..<Int(block.rowStarts[index + 1])
    let positions = block.positions[range]
    let isRight =
      switch reader.specification.positions {
      case .masked: positions.elementsEqual(entry.positions)
      case .all: positions.elementsEqual(0..<Int32(entry.original.count))
      }
    guard isRight else { throw bad("its \(range.count) positions are not those of the masks") }
    return range
  }
}
