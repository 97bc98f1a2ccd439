package import Foundation
import ShardStore

/// A smaller cache out of a cache: fewer replicas, shards, head entries or coefficients,
/// without states or audit rows.
package struct CacheSubset {
  /// What the smaller cache is; it says of which cache it is a part.
  package let specification: CacheSpecification

  let source: CacheShards
  let blockTables: CacheTables
  let selection: Selection
  private let tables: TablesReader
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
    do {
      replicas = try selection.numbers(selection.replicas, "replicas", of: old.replicas)
      corpusShards = try selection.numbers(
        selection.shards, "shards", of: old.blocksPerShard.count)
      try selection.check(old)
    } catch let unfit as Selection.Unfit {
      throw LogitCacheError.unsuitable(folder: folder.path, reason: unfit.reason)
    }
    var new = old
    new.replicas = replicas.count
    new.blocksPerShard = corpusShards.map { old.blocksPerShard[$0] }
    new.corpusShards = corpusShards.map { old.corpusShards[$0] }
    new.target = selection.cut(old.target, inputSize: old.teacher.inputSize)
    new.otherTarget = old.otherTarget.map {
      selection.cut($0, inputSize: old.teacher.inputSize)
    }
    // A smaller target has tables of its own: those of the whole, cut.
    new.tablesDigest = new.targets == old.targets ? tables.shard.summary.digest : nil
    if !selection.keepsStates { (new.states, new.stateLayers) = (.none, nil) }
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
    new.derivedFrom?.tables = new.tablesDigest == nil ? tables.shard.summary.digest : nil
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
  ///   - extended: Caches whose shards are taken where they are the same: smaller ones of the same
  ///     cut, of other replicas or shards.
  ///   - taking: Receives what came of each of them.
  ///   - progress: Receives the number of shards that are done, of how many.
  /// - Returns: The manifest.
  /// - Throws: `LogitCacheError`, `ShardStoreError`.
  package func write(
    to folder: URL, extending extended: [ShardSource] = [],
    taking: (TakenShards) -> Void = { _ in }, progress: (Int, Int) -> Void = { _, _ in }
  ) throws -> CacheManifest {
    let writer = try CacheWriter(folder: folder, specification: specification)
    let new = try CacheShards(folder: folder)
    for other in extended { try writer.takeTables(from: other) }
    if specification.tablesDigest == nil {
      try writer.prepareTables { try cutTables() }
    } else if writer.needsTables {
      try tables.shard.verify()
      try AtomicFile.share(source.file(CacheShards.tables), as: new.file(CacheShards.tables))
    }
    for other in extended { taking(try writer.takeShards(from: other)) }
    for index in writer.pendingShards {
      progress(index, specification.shardCount)
      try copy(index, from: oldIndex(index), writer, new)
    }
    guard let manifest = try writer.finish() else {
      throw LogitCacheError.incomplete(
        folder: folder.path, sealed: new.sealed.count, total: new.count)
    }
    progress(specification.shardCount, specification.shardCount)
    return manifest
  }

  /// The number of a shard in the whole.
  private func oldIndex(_ index: Int) -> Int {
    let perReplica = corpusShards.count
    return replicas[index / perReplica] * source.specification.blocksPerShard.count
      + corpusShards[index % perReplica]
  }

  private func cutTables() throws -> CacheTables {
    var cut = try tables.allTables()
    for (index, target) in specification.targets.enumerated() {
      cut.targets[index] = cut.targets[index].cut(to: target)
    }
    return cut
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
