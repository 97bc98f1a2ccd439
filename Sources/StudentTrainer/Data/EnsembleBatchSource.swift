package import Corpus
package import LogitCache

/// Masked sequences with the weighted mean of what several caches' teachers say of them.
///
/// The caches are of one tokenizer, corpus and mask specification, with all of its replicas, and keep
/// targets at the same positions. Their teachers may differ in everything. Losses between states take
/// those of the first cache that keeps the layers they need: a mean of states has no meaning across
/// teachers, whose axes are not the same. Positions are chosen by the weighted mean of the members'
/// entropies, which is at most that of their mean.
package final class EnsembleBatchSource: BatchSource {
  /// As its members'.
  package let runsAhead = true
  /// The caches' weights, normalised.
  package let weights: [Double]
  private let members: [CacheBatchSource]
  private let stateMember: Int
  private let vocabSize: Int
  private let positionsTopEntropy: Double?

  /// Soft targets of several caches.
  ///
  /// - Parameters:
  ///   - readers: The caches, at least one.
  ///   - weights: A weight for each, above 0, in any scale; nil weighs all equally.
  ///   - corpus: Where given, its digest has to be the caches'.
  ///   - configuration: As for a single cache.
  ///   - missing: What happens about shards that are not there yet; several caches skip none.
  /// - Throws: `StudentTrainerError.mismatch` for caches that do not belong together, field by field,
  ///   `.invalidConfiguration` for weights out of range; what `CacheBatchSource` throws.
  package init(
    readers: [CacheReader], weights: [Double]? = nil, corpus: TokenizedCorpus? = nil,
    configuration: TrainingConfiguration, missing: MissingShards = MissingShards()
  ) throws {
    guard readers.count == 1 || missing.policy != .skip else {
      throw StudentTrainerError.invalidConfiguration(
        field: "missing", value: "skip", allowed: "wait or fail with several caches")
    }
    guard let first = readers.first else { preconditionFailure("an ensemble of no cache") }
    let weights = weights ?? readers.map { _ in 1 }
    let sum = weights.reduce(0, +)
    guard weights.count == readers.count, sum.isFinite, weights.allSatisfy({ $0 > 0 }) else {
      throw StudentTrainerError.invalidConfiguration(
        field: "weights", value: "\(weights)",
        allowed: "one finite number above 0 for each of the \(readers.count) caches")
    }
    for (index, reader) in readers.enumerated().dropFirst() {
      try Self.check(reader.specification, against: first.specification, number: index + 1)
    }
    self.weights = weights.map { $0 / sum }
    vocabSize = first.specification.vocabSize
    positionsTopEntropy = configuration.positionsTopEntropy
    let stateMember = Self.stateMember(readers, configuration)
    self.stateMember = stateMember
    members = try readers.enumerated().map { index, reader in
      var member = configuration
      if index != stateMember { (member.alphaCos, member.hidden) = (0, nil) }
      // The treatment is for the mean, not for what it is made of.
      if readers.count > 1 { member.tail = nil }
      return try CacheBatchSource(
        reader: reader, corpus: corpus, configuration: member, missing: missing)
    }
  }

  /// Index of the cache whose states serve a run: the first that keeps all layers that its losses
  /// need, or else the first that keeps any, or else 0.
  package static func stateMember(
    _ readers: [CacheReader], _ configuration: TrainingConfiguration
  ) -> Int {
    let all = readers.firstIndex { reader in
      let specification = reader.specification
      let wanted = configuration.stateLayers(lastLayer: specification.teacher.layers)
      return !specification.keptStateLayers.isEmpty
        && wanted.allSatisfy(specification.keptStateLayers.contains)
    }
    return all ?? readers.firstIndex { $0.specification.states != .none } ?? 0
  }

  /// What has to be the same in all caches: the sequences, their masks, and the rows.
  private static let sharedFields = [
    "tokenizerDigest", "vocabSize", "corpusDigest", "sequences", "blocksPerShard",
    "corpusShards", "mask", "replicas", "positions", "otherShare",
  ]

  private static func check(
    _ specification: CacheSpecification, against first: CacheSpecification, number: Int
  ) throws {
    var differences = first.differences(from: specification).filter { difference in
      sharedFields.contains(String(difference.field.prefix { $0 != "." }))
    }
    // Parts of caches may have other ones of the masks' replicas.
    let masks = [first, specification].map { "\((0..<$0.replicas).map($0.maskReplica))" }
    if masks[0] != masks[1] {
      differences.append(
        FieldDifference(field: "mask replicas", expected: masks[0], found: masks[1]))
    }
    guard differences.isEmpty else {
      throw StudentTrainerError.mismatch(
        what: "the caches of an ensemble",
        differences: differences.map {
          "\($0.field): \($0.expected) in the first, \($0.found) in cache \(number)"
        })
    }
  }

  /// What determines the batches: the caches in their order, and their weights.
  package var identity: [String: String] {
    var identity = ["targets": "ensemble of \(members.count) caches"]
    for (index, (member, weight)) in zip(members, weights).enumerated() {
      identity["cache \(index + 1) fingerprint"] = member.identity["cache fingerprint"]
      identity["cache \(index + 1) weight"] = "\(weight)"
    }
    return identity
  }

  /// Number of batches of an epoch.
  package func batchCount(epoch: Int) throws -> Int { try members[0].batchCount(epoch: epoch) }

  /// Tokens of the longest sequence.
  package func longestSequence() throws -> Int? { try members[0].longestSequence() }

  /// Sequences of each batch of an epoch.
  package func sequenceCounts(epoch: Int) throws -> [Int] {
    try members[0].sequenceCounts(epoch: epoch)
  }

  /// Ends the waiting for a shard of any of the caches.
  package func cancel() { members.forEach { $0.cancel() } }

  /// The masked sequences of a batch, with the mean of the caches' targets.
  ///
  /// - Throws: As `CacheBatchSource`; `StudentTrainerError.mismatch` where the caches give other rows.
  package func batch(epoch: Int, index: Int, temperature: Double?) throws -> TrainingBatch? {
    var prepared: [CacheBatchSource.Prepared] = []
    for member in members {
      guard let batch = try member.prepare(epoch: epoch, index: index) else { break }
      prepared.append(batch)
    }
    let isChosen = choose(prepared)
    let batches = try zip(members, prepared).map {
      try $0.make($1, isChosen: isChosen, temperature: temperature)
    }
    guard var result = batches.first else { return nil }
    let agree = batches.allSatisfy {
      $0.references == result.references && $0.rows == result.rows
        && $0.softIndexes == result.softIndexes
    }
    guard agree, batches.count == members.count else {
      throw StudentTrainerError.mismatch(
        what: "the caches of an ensemble",
        differences: ["batch \(index) of epoch \(epoch) has other rows in one of them"])
    }
    result.softTargets = try mean(batches.map(\.softTargets))
    result.teacherStates = batches[stateMember].teacherStates
    result.innerStates = batches[stateMember].innerStates
    return result
  }

  /// The rows of the highest mean entropy; nil for all.
  private func choose(_ prepared: [CacheBatchSource.Prepared]) -> [Bool]? {
    guard let positionsTopEntropy, let first = prepared.first,
      prepared.allSatisfy({ $0.entropies.count == first.entropies.count })
    else { return nil }
    let entropies = first.entropies.indices.map { row in
      Float(zip(prepared, weights).reduce(0) { $0 + $1.1 * Double($1.0.entropies[row]) })
    }
    return RowChoice.top(positionsTopEntropy, of: entropies)
  }

  private func mean(_ targets: [SoftTargets]) throws -> SoftTargets {
    if targets.count == 1 || targets[0].count == 0 { return targets[0] }
    let heads = targets.compactMap { if case .heads(let heads) = $0 { heads } else { nil } }
    if heads.count == targets.count {
      return .heads(HeadTargets.mean(heads, weights: weights, vocabSize: vocabSize))
    }
    let samples = targets.compactMap { if case .sampled(let found) = $0 { found } else { nil } }
    if samples.count == targets.count {
      return .sampled(SampledTargets.mean(samples, weights: weights, vocabSize: vocabSize))
    }
    guard targets.allSatisfy(\.hasRows) else {
      throw StudentTrainerError.mismatch(
        what: "the caches of an ensemble",
        differences: ["sampled targets in some and other kinds in others, which have no mean"])
    }
    return .ensemble(
      EnsembleTargets(members: targets, weights: weights, vocabSize: vocabSize))
  }
}

extension SoftTargets {
  /// True where every target can be made a whole row of logits.
  fileprivate var hasRows: Bool {
    switch self {
    case .none, .sampled, .ensemble: false
    case .heads, .decoderInputs, .logits, .shaped: true
    case .mixed(let targets): targets.parts.allSatisfy(\.hasRows)
    }
  }
}
