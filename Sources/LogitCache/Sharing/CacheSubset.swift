package import Foundation
import ShardStore

/// A smaller cache out of a cache: fewer replicas, shards, head entries or coefficients,
/// without states or audit rows.
package struct CacheSubset {
  /// What is kept.
  package struct Selection: Sendable {
    /// Replicas in ascending order; nil for all.
    package var replicas: [Int]?
    /// Corpus shards in ascending order; nil for all.
    package var shards: [Int]?
    /// Entries of the head; nil for all.
    package var headK: Int?
    /// Coefficients of the tail `lowrank`; nil for all.
    package var rank: Int?
    /// Whether the hidden states are kept.
    package var keepsStates: Bool
    /// Whether the audit rows are kept.
    package var keepsAuditRows: Bool

    /// A selection of those values.
    package init(
      replicas: [Int]? = nil, shards: [Int]? = nil, headK: Int? = nil, rank: Int? = nil,
      keepsStates: Bool = true, keepsAuditRows: Bool = true
    ) {
      self.replicas = replicas
      self.shards = shards
      self.headK = headK
      self.rank = rank
      self.keepsStates = keepsStates
      self.keepsAuditRows = keepsAuditRows
    }
  }

  /// What the smaller cache is; it says of which cache it is a part.
  package let specification: CacheSpecification

  private let source: CacheShards
  private let tables: TablesReader
  private let blockTables: CacheTables
  private let selection: Selection
  private let replicas: [Int]
  private let corpusShards: [Int]

  /// Checks the selection against a cache.
  ///
  /// - Parameters:
  ///   - folder: A complete cache.
  ///   - selection: What is kept.
  /// - Throws: `LogitCacheError.unsuitable` for what the cache does not have; `.incomplete`,
  ///   `ShardStoreError`.
  package init(of folder: URL, selection: Selection) throws {
    _ = try CacheReader(folder: folder)
    source = try CacheShards(folder: folder)
    tables = try source.tablesReader()
    blockTables = try tables.tables()
    self.selection = selection
    let old = source.specification
    func list(_ wanted: [Int]?, _ what: String, of count: Int) throws -> [Int] {
      guard let wanted else { return Array(0..<count) }
      guard !wanted.isEmpty, wanted == Array(Set(wanted)).sorted(),
        wanted.allSatisfy((0..<count).contains)
      else {
        throw LogitCacheError.unsuitable(
          folder: folder.path,
          reason: "\(what) \(wanted.map(String.init).joined(separator: ",")): the cache has "
            + "\(count), from 0 to \(count - 1); name each once, in order")
      }
      return wanted
    }
    replicas = try list(selection.replicas, "replicas", of: old.replicas)
    corpusShards = try list(selection.shards, "shards", of: old.blocksPerShard.count)
    try Self.check(selection, old, folder: folder)
    if corpusShards.count < old.blocksPerShard.count, old.weightingCorpus != nil {
      throw LogitCacheError.unsuitable(
        folder: folder.path,
        reason: "its masks are weighted by how often tokens occur in the whole corpus, so a part "
          + "of its shards cannot be masked again; take all shards")
    }
    var new = old
    new.replicas = replicas.count
    new.blocksPerShard = corpusShards.map { old.blocksPerShard[$0] }
    new.corpusShards = corpusShards.map { old.corpusShards[$0] }
    new.target = selection.cut(old.target, hiddenSize: old.teacher.hiddenSize)
    new.otherTarget = old.otherTarget.map {
      selection.cut($0, hiddenSize: old.teacher.hiddenSize)
    }
    // A smaller target has tables of its own: those of the whole, cut.
    new.tablesDigest = new.targets == old.targets ? tables.shard.summary.digest : nil
    if !selection.keepsStates { new.states = .none }
    if !selection.keepsAuditRows { new.auditRowsPerShard = 0 }
    if corpusShards.count < old.blocksPerShard.count {
      new.sequences = try Self.sequences(source, corpusShards, blockTables)
    }
    guard !new.isSameButForTables(old) else {
      throw LogitCacheError.unsuitable(
        folder: folder.path, reason: "nothing is left out; a copy of the folder is the same cache")
    }
    new.derivedFrom = CacheOrigin(
      partOf: source.manifest.fingerprint,
      replicas: replicas.map { old.derivedFrom?.replicas?[$0] ?? $0 },
      shards: corpusShards.map { old.derivedFrom?.shards?[$0] ?? $0 })
    new.derivedFrom?.importedDigest = old.derivedFrom?.importedDigest
    new.derivedFrom?.headK =
      new.target.headK == old.target.headK ? old.derivedFrom?.headK : old.target.headK
    new.derivedFrom?.rank =
      new.target.rank == old.target.rank ? old.derivedFrom?.rank : old.target.rank
    try new.validate()
    specification = new
  }

  /// Writes the smaller cache; goes on where an interrupted call stopped.
  ///
  /// - Parameters:
  ///   - folder: Empty, missing, or the same smaller cache.
  ///   - progress: Receives the number of shards that are done, of how many.
  /// - Returns: The manifest.
  /// - Throws: `LogitCacheError`, `ShardStoreError`.
  package func write(
    to folder: URL, progress: (Int, Int) -> Void = { _, _ in }
  ) throws -> CacheManifest {
    let writer = try CacheWriter(folder: folder, specification: specification)
    let new = try CacheShards(folder: folder)
    if specification.tablesDigest == nil {
      try writer.prepareTables { try cutTables() }
    } else if writer.needsTables {
      try tables.shard.verify()
      try AtomicFile.share(source.file(CacheShards.tables), as: new.file(CacheShards.tables))
    }
    for index in writer.pendingShards {
      progress(index, specification.shardCount)
      try copy(index, writer, new)
    }
    guard let manifest = try writer.finish() else {
      throw LogitCacheError.incomplete(
        folder: folder.path, sealed: new.sealed.count, total: new.count)
    }
    progress(specification.shardCount, specification.shardCount)
    return manifest
  }

  private func copy(_ index: Int, _ writer: CacheWriter, _ new: CacheShards) throws {
    let perReplica = corpusShards.count
    let oldIndex =
      replicas[index / perReplica] * source.specification.blocksPerShard.count
      + corpusShards[index % perReplica]
    let reader = try source.open(oldIndex)
    // The key covers all that determines the bytes.
    if try reader.metadata == new.metadata(index) {
      try reader.verify()
      try AtomicFile.share(source.file(source.name(oldIndex)), as: new.file(new.name(index)))
      return
    }
    let shard = try writer.beginShard(index)
    defer { shard.close() }
    for block in shard.committedBlocks..<reader.blockCount {
      try shard.append(block: try streams(reader, block: block))
    }
    _ = try shard.seal()
  }

  private func streams(_ reader: ShardReader, block: Int) throws -> [EncodedStream] {
    let smaller = SmallerTarget(
      decoder: source.decoder(reader, block: block, tables: blockTables),
      targets: specification.targets)
    let changed = try smaller.streams()
    return try reader.storedNames(block: block).compactMap { name in
      if isDropped(name) || smaller.isDropped(name) { return nil }
      if let stream = changed[name] { return try EncodedStream(stream, effort: .high) }
      return try reader.storedStream(name, block: block)
    }
  }

  private func isDropped(_ name: String) -> Bool {
    switch name {
    case StreamName.states, StreamName.statesScales: specification.states == .none
    case StreamName.auditRows, StreamName.auditLogits: !selection.keepsAuditRows
    default: false
    }
  }

  private func cutTables() throws -> CacheTables {
    var cut = try tables.allTables()
    for (index, target) in specification.targets.enumerated() {
      cut.targets[index] = cut.targets[index].cut(to: target)
    }
    return cut
  }

  private static func check(
    _ selection: Selection, _ old: CacheSpecification, folder: URL
  ) throws {
    let headK = old.targets.map(\.headK).max() ?? 0
    if let wanted = selection.headK, wanted < 0 || wanted > headK {
      throw LogitCacheError.unsuitable(
        folder: folder.path, reason: "a head of \(wanted): the cache has one of \(headK)")
    }
    let rank = old.targets.compactMap(\.rank).max()
    guard let wanted = selection.rank else { return }
    guard let rank else {
      throw LogitCacheError.unsuitable(
        folder: folder.path, reason: "a rank of \(wanted): the cache has no tail 'lowrank'")
    }
    if wanted < 1 || wanted > rank {
      throw LogitCacheError.unsuitable(
        folder: folder.path, reason: "a rank of \(wanted): the cache has one of \(rank)")
    }
  }

  private static func sequences(
    _ source: CacheShards, _ corpusShards: [Int], _ tables: CacheTables
  ) throws -> Int {
    var count = 0
    for index in corpusShards {
      let reader = try source.open(index)
      for block in 0..<reader.blockCount {
        count += try source.decoder(reader, block: block, tables: tables).lengths().count
      }
    }
    return count
  }
}

extension CacheSubset.Selection {
  /// What is left of a target. Coefficients that go are estimated by the reader, as those were that
  /// the cache never had.
  fileprivate func cut(
    _ target: TargetSpecification, hiddenSize: Int
  ) -> TargetSpecification {
    var cut = target
    if let headK { cut.headK = min(headK, target.headK) }
    if let rank, let stored = target.rank, rank < stored {
      cut.rank = rank
      cut.estimatedRank = target.basisRank(hiddenSize: hiddenSize) - rank
    }
    return cut
  }
}
