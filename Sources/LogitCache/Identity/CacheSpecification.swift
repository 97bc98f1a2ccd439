/// Everything that determines a cache's bytes; its digest is the cache's identity.
///
/// Temperature and loss weights are not in it: any temperature is served from one cache.
package struct CacheSpecification: Codable, Hashable, Sendable {
  /// Who gave the logits.
  package struct Teacher: Codable, Hashable, Sendable {
    /// SHA-256 of the configuration.
    package var configurationDigest: String
    /// SHA-256 of the weights.
    package var weightDigest: String
    /// For example `bert`.
    package var architecture: String
    /// Width of the states.
    package var hiddenSize: Int
    /// Number of encoder layers.
    package var layers: Int
    /// Width of the decoder's input where it is not that of the states (ALBERT's); nil where it is.
    package private(set) var embeddingSize: Int?

    /// Width of the decoder's input.
    package var inputSize: Int { embeddingSize ?? hiddenSize }

    /// A teacher of those values.
    package init(
      configurationDigest: String, weightDigest: String, architecture: String, hiddenSize: Int,
      layers: Int, embeddingSize: Int? = nil
    ) {
      self.configurationDigest = configurationDigest
      self.weightDigest = weightDigest
      self.architecture = architecture
      self.hiddenSize = hiddenSize
      self.layers = layers
      self.embeddingSize = embeddingSize == hiddenSize ? nil : embeddingSize
    }
  }

  /// SHA-256 of what determines tokenization.
  package var tokenizerDigest: String
  /// Number of token IDs.
  package var vocabSize: Int
  /// SHA-256 of the tokenized corpus.
  package var corpusDigest: String
  /// Number of sequences of the corpus.
  package var sequences: Int
  /// Number of blocks of each corpus shard.
  package var blocksPerShard: [Int]
  /// Digest of each corpus shard.
  package var corpusShards: [String]
  /// Digest of the corpus whose token counts weight the masks; nil where they are not weighted.
  package var weightingCorpus: String?
  /// Digest of the tables, where they were taken from another cache; nil where they are the cache's
  /// own.
  package var tablesDigest: String?
  /// Who gave the logits.
  package var teacher: Teacher
  /// The arithmetic of the teacher's run, for example `fp32`.
  package var precision: String
  /// The mask specification's fields, as plain JSON; the corpus module owns their meaning.
  package var mask: PlainValue
  /// Number of mask replicas.
  package var replicas: Int
  /// Which positions keep a target.
  package var positions: PositionSelection
  /// What they keep.
  package var target: TargetSpecification
  /// What positions keep that the mask did not choose; nil where it is the same.
  package var otherTarget: TargetSpecification?
  /// For the positions `masked+share`, the share of the others.
  package var otherShare: Double?
  /// How hidden states are kept.
  package var states: StateStorage
  /// Teacher layers whose states are kept, ascending, 0 the embeddings' output; nil, and never
  /// written otherwise, where it is the last layer alone.
  package var stateLayers: [Int]?
  /// Rows of each shard that keep their full logits.
  package var auditRowsPerShard: Int
  /// Where the numbers come from; nil for a teacher pass of this program.
  package var derivedFrom: CacheOrigin?

  /// A specification of those values; `validate` checks them.
  ///
  /// Where the corpus shards have no digests of their own (`corpusShards` is empty), they get some
  /// from the corpus's, which no other corpus has.
  package init(
    tokenizerDigest: String, vocabSize: Int, corpusDigest: String, sequences: Int,
    blocksPerShard: [Int], corpusShards: [String] = [], weightingCorpus: String? = nil,
    tablesDigest: String? = nil, teacher: Teacher, precision: String, mask: PlainValue,
    replicas: Int, positions: PositionSelection, target: TargetSpecification,
    otherTarget: TargetSpecification? = nil, otherShare: Double? = nil,
    states: StateStorage = .none, stateLayers: [Int]? = nil, auditRowsPerShard: Int = 4
  ) {
    self.tokenizerDigest = tokenizerDigest
    self.vocabSize = vocabSize
    self.corpusDigest = corpusDigest
    self.sequences = sequences
    self.blocksPerShard = blocksPerShard
    self.corpusShards =
      corpusShards.isEmpty
      ? blocksPerShard.indices.map { "\(corpusDigest)/\($0)" } : corpusShards
    self.weightingCorpus = weightingCorpus
    self.tablesDigest = tablesDigest
    self.teacher = teacher
    self.precision = precision
    self.mask = mask
    self.replicas = replicas
    self.positions = positions
    self.target = target
    self.otherTarget = otherTarget
    self.otherShare = otherShare
    self.states = states
    self.stateLayers = states == .none || stateLayers == [teacher.layers] ? nil : stateLayers
    self.auditRowsPerShard = auditRowsPerShard
  }

  /// What each class of positions keeps; one or two.
  package var targets: [TargetSpecification] { [target] + (otherTarget.map { [$0] } ?? []) }

  /// Teacher layers whose states are kept, ascending, 0 the embeddings' output.
  package var keptStateLayers: [Int] {
    states == .none ? [] : stateLayers ?? [teacher.layers]
  }

  /// Number of blocks of one replica.
  package var blockCount: Int { blocksPerShard.reduce(0, +) }

  /// Number of the cache's shards.
  package var shardCount: Int { replicas * blocksPerShard.count }

  /// Checks the ranges.
  ///
  /// - Throws: `LogitCacheError.invalidSpecification`.
  package func validate() throws {
    func require(_ condition: Bool, _ field: String, _ reason: String) throws {
      if !condition { throw LogitCacheError.invalidSpecification(field: field, reason: reason) }
    }
    try require((2...16_777_216).contains(vocabSize), "vocabSize", "\(vocabSize) is out of range")
    try require((1...65_536).contains(replicas), "replicas", "\(replicas) is out of range")
    try require(!blocksPerShard.isEmpty, "blocksPerShard", "the corpus is empty")
    try require(
      blocksPerShard.allSatisfy { (1...1_000_000).contains($0) }, "blocksPerShard",
      "a shard has no block, or too many")
    try require(
      blocksPerShard.count <= 1_000_000, "blocksPerShard", "\(blocksPerShard.count) shards")
    try require(
      corpusShards.count == blocksPerShard.count, "corpusShards",
      "\(corpusShards.count) digests of \(blocksPerShard.count) corpus shards")
    try require(
      (1...65_536).contains(teacher.hiddenSize), "teacher.hiddenSize",
      "\(teacher.hiddenSize) is out of range")
    try require(
      (1...65_536).contains(teacher.inputSize), "teacher.embeddingSize",
      "\(teacher.inputSize) is out of range")
    try require(
      (0...4096).contains(auditRowsPerShard), "auditRowsPerShard",
      "\(auditRowsPerShard), but must be 0 to 4096")
    for target in targets {
      try target.validate(vocabSize: vocabSize, inputSize: teacher.inputSize)
    }
    try require(
      otherTarget == nil || positions != .masked, "otherTarget",
      "there are no other positions where only masked ones are kept")
    try require(
      (positions == .maskedAndShare) == (otherShare != nil), "otherShare",
      "belongs to the positions 'masked+share'")
    let share = otherShare ?? 1
    try require(share > 0 && share <= 1, "otherShare", "\(share), but must be above 0, at most 1")
    try require(
      states != .shared || (target.tail == .hidden && otherTarget == nil), "states",
      "'shared' needs the tail 'hidden' at every position")
    try require(
      states != .shared || teacher.inputSize == teacher.hiddenSize, "states",
      "'shared' needs a decoder's input as wide as the states: \(teacher.inputSize) and "
        + "\(teacher.hiddenSize)")
    if let stateLayers {
      try require(
        states != .none && states != .shared, "stateLayers",
        "needs states of their own, not '\(states.rawValue)'")
      try require(
        !stateLayers.isEmpty && stateLayers == Array(Set(stateLayers)).sorted()
          && stateLayers.allSatisfy((0...teacher.layers).contains)
          && stateLayers != [teacher.layers], "stateLayers",
        "\(stateLayers), but must be layers from 0 (the embeddings) to \(teacher.layers), each once, "
          + "in order")
    }
    try validateOrigin()
  }

  /// The cache's identity: SHA-256 over the canonical JSON of the format version and all fields.
  package func fingerprint() -> String {
    PlainValue.object([
      "formatVersion": .unsigned(UInt64(CacheFormat.version)), "specification": plainValue(),
    ]).digest()
  }

  /// The fields in which another specification differs, by their paths.
  package func differences(from found: CacheSpecification) -> [FieldDifference] {
    plainValue().differences(from: found.plainValue())
  }

  func plainValue() -> PlainValue {
    guard let value = try? PlainValue(encoding: self) else {
      preconditionFailure("a specification holds finite numbers only")
    }
    return value
  }

  /// Which rows of a block keep their full logits: evenly over the shard's blocks, and over the rows
  /// of each.
  ///
  /// - Parameters:
  ///   - block: The block's number in its shard.
  ///   - blocks: Blocks of the shard, `> block`.
  ///   - rows: Rows of the block.
  /// - Returns: Their indexes in the block, ascending.
  package func auditRows(block: Int, blocks: Int, rows: Int) -> [Int] {
    let count = min(
      (0..<auditRowsPerShard).count { $0 * blocks / auditRowsPerShard == block }, rows)
    return (0..<count).map { (2 * $0 + 1) * rows / (2 * count) }
  }
}
