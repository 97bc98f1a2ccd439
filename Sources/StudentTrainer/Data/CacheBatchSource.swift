package import Corpus
package import LogitCache
import Synchronization

/// Masked sequences with the soft targets that a logit cache holds; the teacher is not there.
///
/// The corruption is made again from the cache's mask specification, and compared with the checksum
/// of what the teacher saw, before any target of the sequence is used.
package final class CacheBatchSource: BatchSource {
  private struct BlockKey: Hashable, Sendable {
    let block: Int
    let replica: Int
  }

  /// The soft targets of a block, and its original sequences.
  private struct Block: Sendable {
    let targets: SoftTargetBlock
    let sequences: SequenceBlock
    /// The teacher's entropy at each row; empty where it is not asked for.
    let entropies: [Float]
  }

  /// A batch whose sequences are known, but not yet which rows have targets.
  struct Prepared {
    fileprivate let references: [SequenceReference]
    fileprivate let sequences: MaskedSequences
    fileprivate let replica: Int
    fileprivate let skipped: Int
    /// Where each row that the cache keeps lies, in order.
    fileprivate let places: [(block: Int, row: Int)]
    fileprivate let tokens: [Int32]
    fileprivate let labels: [Int32]
    /// The teacher's entropy at each row, in nats; empty where it is not asked for.
    let entropies: [Float]
  }

  /// Decompression and target building cost little next to a training step.
  package let runsAhead = true
  private let reader: CacheReader
  private let missing: MissingShards
  private let isCancelled = Mutex(false)
  private let plan: BatchPlan
  private let masker: Masker
  private let builder: CachedTargets
  private let configuration: TrainingConfiguration
  private let blocks: BlockCache<BlockKey, Block>

  /// Soft targets of a cache on the corpus that it was made from.
  ///
  /// - Parameters:
  ///   - reader: The cache.
  ///   - corpus: Where given, its digest has to be the cache's; the cache keeps the sequences.
  ///   - configuration: Gives the order, the temperature, and which losses have a weight.
  ///   - missing: What is done about shards that are not there yet, where the reader allows it.
  /// - Throws: `LogitCacheError.mismatch` for a cache of another tokenizer, vocabulary or corpus, with
  ///   every difference; `StudentTrainerError.missingTargets` where a loss has a weight and the cache
  ///   does not hold what it needs; what reading the cache or corpus throws.
  package init(
    reader: CacheReader, corpus: TokenizedCorpus? = nil, configuration: TrainingConfiguration,
    missing: MissingShards = MissingShards()
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
    self.missing = missing
    self.configuration = configuration
    let builder = try CachedTargets(reader: reader, configuration: configuration)
    self.builder = builder
    let sequences = CachedSequences(reader)
    plan = BatchPlan(sequences: sequences, configuration: configuration)
    masker = try Masker(masks, tokenCounts: sequences.tokenCountsIfNeeded(masks))
    let options = builder.readOptions
    blocks = BlockCache(capacity: configuration.windowBlocks + 1) {
      let targets = try reader.readBlock($0.block, replica: $0.replica, options: options)
      let sequences = SequenceBlock(lengths: targets.lengths, tokenIDs: targets.tokenIDs)
      return Block(
        targets: targets, sequences: sequences,
        entropies: builder.wantsEntropy ? builder.entropies(targets) : [])
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
    let identity = ["targets": "cache", "cache fingerprint": reader.manifest.fingerprint]
    // What is skipped depends on the moment; waiting changes nothing.
    return missing.policy == .skip
      ? identity.merging(["missing shards": "skip"]) { $1 } : identity
  }

  /// Number of batches of an epoch.
  package func batchCount(epoch: Int) throws -> Int { try plan.batchCount(epoch: epoch) }

  /// Tokens of the longest sequence.
  package func longestSequence() throws -> Int? { try plan.longestSequence() }

  /// Sequences of each batch of an epoch.
  package func sequenceCounts(epoch: Int) throws -> [Int] {
    try plan.sequenceCounts(epoch: epoch)
  }

  /// The masked sequences of a batch, with their soft targets and states.
  ///
  /// Waits for shards that are not there, or leaves their sequences out, as `missing` says.
  ///
  /// - Throws: `StudentTrainerError.inputChanged` or `.badTargets`, naming the sequence; what reading
  ///   throws, naming shard, block and stream; what waiting throws.
  package func batch(epoch: Int, index: Int, temperature: Double?) throws -> TrainingBatch? {
    guard let prepared = try prepare(epoch: epoch, index: index) else { return nil }
    let isChosen = configuration.positionsTopEntropy.map {
      RowChoice.top($0, of: prepared.entropies)
    }
    return try make(prepared, isChosen: isChosen, temperature: temperature)
  }

  /// The sequences and the rows of a batch, or nil past the last one of the epoch.
  ///
  /// - Throws: As `batch`.
  func prepare(epoch: Int, index: Int) throws -> Prepared? {
    guard let planned = try plan.sequences(epoch: epoch, index: index) else { return nil }
    let replica = epoch % reader.replicas
    let references = try available(planned, replica: replica)
    var sequences = MaskedSequences()
    for reference in references {
      let block = try blocks.value(BlockKey(block: reference.block, replica: replica)).sequences
      guard reference.index < block.count else {
        throw StudentTrainerError.badTargets(
          sequence: reference, replica: replica, reason: "the block has \(block.count) sequences")
      }
      sequences.append(
        reference, original: block.sequence(reference.index), masker: masker,
        replica: reader.specification.maskReplica(replica))
    }
    let labelOfToken = sequences.labelOfToken
    var places: [(block: Int, row: Int)] = []
    var (tokens, labels, entropies): ([Int32], [Int32], [Float]) = ([], [], [])
    for entry in sequences.entries {
      let number = entry.reference.block
      let block = try blocks.value(BlockKey(block: number, replica: replica))
      for row in try check(entry, block: block.targets, replica: replica) {
        let token = Int32(entry.start) + block.targets.positions[row]
        tokens.append(token)
        labels.append(labelOfToken[Int(token)])
        places.append((number, row))
        if !block.entropies.isEmpty { entropies.append(block.entropies[row]) }
      }
    }
    return Prepared(
      references: references, sequences: sequences, replica: replica,
      skipped: planned.count - references.count, places: places, tokens: tokens, labels: labels,
      entropies: entropies)
  }

  /// A batch with targets and states at some of its rows.
  ///
  /// - Parameters:
  ///   - prepared: Its sequences and rows.
  ///   - isChosen: Which of the rows; nil for all.
  ///   - temperature: As of `batch`.
  /// - Returns: The batch.
  /// - Throws: What reading throws.
  func make(
    _ prepared: Prepared, isChosen: [Bool]?, temperature: Double?
  ) throws -> TrainingBatch {
    let choice = RowChoice(
      rows: prepared.tokens, labels: prepared.labels, isChosen: isChosen,
      configuration: configuration)
    var targets = builder.collector(temperature: temperature)
    for index in choice.chosen {
      let place = prepared.places[index]
      let key = BlockKey(block: place.block, replica: prepared.replica)
      targets.append(
        try blocks.value(key).targets, row: place.row, token: prepared.tokens[index])
    }
    var batch = TrainingBatch(
      packed: prepared.sequences.packed, references: prepared.references, rows: choice.rows,
      labels: choice.labels, softIndexes: choice.softIndexes)
    targets.finish(into: &batch)
    batch.skippedSequences = prepared.skipped
    return batch
  }

  /// Ends the waiting for a shard; a later call of `batch` that would wait ends too.
  package func cancel() { isCancelled.withLock { $0 = true } }

  /// The sequences whose soft targets are there, all of them where the run waits.
  private func available(
    _ planned: [SequenceReference], replica: Int
  ) throws -> [SequenceReference] {
    switch missing.policy {
    case .fail: return planned
    case .skip:
      let isThere = Dictionary(
        uniqueKeysWithValues: Set(planned.map(\.block)).map {
          ($0, reader.isSealed(block: $0, replica: replica))
        })
      return planned.filter { isThere[$0.block] == true }
    case .wait:
      for block in Set(planned.map(\.block)).sorted()
      where !reader.isSealed(block: block, replica: replica) {
        try missing.wait(
          for: reader.shardName(block: block, replica: replica), in: reader.folder,
          isCancelled: { isCancelled.withLock { $0 } },
          until: { reader.isSealed(block: block, replica: replica) })
      }
      return planned
    }
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
      case .maskedAndShare: Set(positions).isSuperset(of: entry.positions)
      }
    guard isRight else { throw bad("its \(range.count) positions are not those of the masks") }
    return range
  }
}
