package import Foundation
package import ShardStore

/// Fills a cache folder shard by shard, from the start or from where another run stopped.
///
/// Several processes may fill one folder, on one machine or over a shared file system: each claims
/// the next shard that is neither sealed nor claimed. What a process had claimed when it died is
/// claimable again, its committed blocks included. One caller at a time.
package final class CacheWriter {
  /// What was found in the folder.
  package enum State: Hashable, Sendable {
    /// Nothing.
    case new
    /// The same cache, with that many shards sealed.
    case partial(sealed: Int)
    /// The same cache, complete: nothing is left to do.
    case reusable
  }

  /// The next piece of work.
  package enum Claim {
    /// A shard that nobody else writes as long as its writer is open.
    case shard(Int, ShardWriter)
    /// Nothing but shards that other processes are writing; they may die, so ask again.
    case busy([Int])
    /// Every shard of this worker is sealed.
    case done
  }

  /// The cache's identity.
  package let fingerprint: String
  /// What was found in the folder when it was opened.
  package let state: State
  /// What the cache holds.
  package let specification: CacheSpecification
  /// The cache's folder.
  package let folder: URL
  /// Whether this process only does a share of the shards, and so waits for nobody's.
  package var hasOwnShare: Bool { workers > 1 }

  private let worker: Int
  private let workers: Int
  private var knownSealed: [Bool]
  private var knownKeys: ShardKeys?

  /// Opens or creates the folder.
  ///
  /// - Parameters:
  ///   - folder: A cache of the same specification, or a folder that is empty or missing.
  ///   - specification: What determines the bytes.
  ///   - worker: This process's share, `0 ..< workers`: the shards whose number leaves it when divided
  ///     by the number of workers.
  ///   - workers: Number of shares; with 1 any number of processes share all shards.
  /// - Throws: `LogitCacheError.otherCache` with the fields that differ, `.notACache`,
  ///   `.invalidSpecification`; `ShardStoreError`.
  /// - Precondition: `worker` is in its range.
  package init(
    folder: URL, specification: CacheSpecification, worker: Int = 0, workers: Int = 1
  ) throws {
    precondition(workers > 0 && (0..<workers).contains(worker), "worker \(worker) of \(workers)")
    try specification.validate()
    self.folder = folder
    self.specification = specification
    self.worker = worker
    self.workers = workers
    fingerprint = specification.fingerprint()
    knownSealed = [Bool](repeating: false, count: specification.shardCount)
    state = try CacheFolderState.open(folder, specification)
  }

  /// Whether the tables are still to be written.
  package var needsTables: Bool { !isSealed(CacheFormat.tables) }

  /// Writes what all blocks share, or waits for the process that does.
  ///
  /// - Parameters:
  ///   - waiting: Called once where another process is writing them.
  ///   - make: Makes them; called where this process writes them.
  /// - Throws: `ShardStoreError`, `LogitCacheError.notKept` where they have to be another cache's and
  ///   are not there; what `make` throws.
  package func prepareTables(waiting: () -> Void = {}, make: () throws -> CacheTables) throws {
    if needsTables, let digest = specification.tablesDigest {
      throw LogitCacheError.notKept(
        what: "the tables \(digest) of another cache", folder: folder.path)
    }
    try prepare(CacheFormat.tables, waiting: waiting) {
      try CacheTables.write(folder: folder, specification: specification, make: make)
    }
  }

  /// Writes what all blocks share; does nothing where another process did.
  ///
  /// - Throws: As `prepareTables`.
  package func writeTables(_ tables: CacheTables) throws { try prepareTables { tables } }

  /// Writes the lengths of all sequences, for students that train before the cache is complete, or
  /// waits for the process that does.
  ///
  /// - Parameters:
  ///   - waiting: Called once where another process is writing them.
  ///   - tokenCounts: Occurrences of each token ID, where they weight the masks.
  ///   - lengths: Tokens of each sequence of a block, by its corpus-wide number.
  /// - Throws: `ShardStoreError`; what `lengths` throws.
  package func prepareSequences(
    waiting: () -> Void = {}, tokenCounts: [UInt64]?, lengths: (Int) throws -> [Int32]
  ) throws {
    try prepare(CacheFormat.sequences, waiting: waiting) {
      try CacheSequences.write(
        folder: folder, specification: specification, tokenCounts: tokenCounts, lengths: lengths)
    }
  }

  /// The tables that were written.
  ///
  /// - Throws: `LogitCacheError`, `ShardStoreError`.
  package func readTables() throws -> CacheTables {
    try TablesReader(folder: folder, specification: specification).allTables()
  }

  /// The shards of this worker that are not sealed yet, ascending.
  package var pendingShards: [Int] {
    (0..<specification.shardCount).filter { isMine($0) && !isSealed($0) }
  }

  /// Blocks of this worker's shards that were not sealed when they were last looked at.
  package var pendingBlocks: Int {
    let corpusShards = specification.blocksPerShard.count
    return knownSealed.indices.reduce(0) {
      $0 + (isMine($1) && !knownSealed[$1] ? specification.blocksPerShard[$1 % corpusShards] : 0)
    }
  }

  /// The replica, the corpus-wide number of block 0 and the number of blocks of a shard.
  package func place(ofShard index: Int) -> (replica: Int, firstBlock: Int, blocks: Int) {
    precondition((0..<specification.shardCount).contains(index), "shard \(index)")
    let place = ShardPlace(index, specification)
    return (place.replica, place.firstBlock, place.blocks)
  }

  /// Claims the next shard.
  ///
  /// - Throws: `ShardStoreError`.
  package func claim() throws -> Claim {
    var busy: [Int] = []
    for index in knownSealed.indices where isMine(index) && !isSealed(index) {
      do {
        return .shard(index, try beginShard(index))
      } catch ShardStoreError.locked {
        busy.append(index)
      } catch ShardStoreError.alreadySealed {
        knownSealed[index] = true
      }
    }
    return busy.isEmpty ? .done : .busy(busy)
  }

  /// Begins or resumes a shard; its blocks from `committedBlocks` on are to be appended.
  ///
  /// - Throws: `ShardStoreError`; `.locked` where another process is writing it, `.notFound` where
  ///   the tables are not written yet.
  package func beginShard(_ index: Int) throws -> ShardWriter {
    try ShardWriter(
      folder: folder, name: CacheFormat.shardName(index), metadata: keys().metadata(index),
      recordedName: CacheFormat.recordedShardName)
  }

  /// Adds to the time that the teacher took for a shard, which is kept beside the cache, and to the
  /// kernels that it ran on.
  ///
  /// - Parameters:
  ///   - seconds: The time of some blocks.
  ///   - shard: The shard's number.
  ///   - kernels: What `KernelSet.name` says where they were computed.
  /// - Throws: `ShardStoreError`.
  package func addTeacherSeconds(_ seconds: Double, shard: Int, kernels: String? = nil) throws {
    try CacheTiming.add(seconds, kernels: kernels, folder: folder, shard: shard)
  }

  /// Completes the cache: checks that every shard is there and writes the manifest.
  ///
  /// Processes that do it at once write the same bytes.
  ///
  /// - Returns: The manifest, or nil while other workers have shards to fill.
  /// - Throws: `LogitCacheError`, `ShardStoreError`.
  package func finish() throws -> CacheManifest? {
    let names = [CacheFormat.tables] + (0..<specification.shardCount).map(CacheFormat.shardName)
    guard names.allSatisfy(isSealed) else { return nil }
    CacheFolderState.removeLeftovers(folder)
    let keys = try keys()
    var manifest = CacheManifest(beginning: specification)
    manifest.tables =
      try TablesReader(folder: folder, specification: specification).shard.summary
    for index in 0..<specification.shardCount {
      let place = ShardPlace(index, specification)
      let reader = try ShardReader(url: folder.appending(path: "\(place.name).sqlite"))
      try reader.require(keys.metadata(index))
      guard reader.blockCount == place.blocks else {
        throw LogitCacheError.wrongShard(
          shard: place.name, what: "number of blocks", expected: "\(place.blocks)",
          found: "\(reader.blockCount)")
      }
      manifest.shards.append(
        CacheManifest.Shard(
          name: place.name, blocks: place.blocks, bytes: reader.summary.bytes,
          digest: reader.summary.digest, replica: place.replica, firstBlock: place.firstBlock,
          rows: reader.rowCount))
    }
    manifest.complete = true
    try manifest.write(folder: folder)
    return manifest
  }

  /// The identities of the shards; the tables are there.
  func keys() throws -> ShardKeys {
    if let knownKeys { return knownKeys }
    let keys = try ShardKeys(folder: folder, specification: specification)
    knownKeys = keys
    return keys
  }

  /// Runs `write` until a shard is sealed, by this process or another.
  private func prepare(_ name: String, waiting: () -> Void, write: () throws -> Void) throws {
    var isTold = false
    while !isSealed(name) {
      do {
        try write()
      } catch ShardStoreError.locked {
        if !isTold { waiting() }
        isTold = true
        Thread.sleep(forTimeInterval: Polling.seconds)
      } catch ShardStoreError.alreadySealed {
        return
      }
    }
  }

  private func isMine(_ index: Int) -> Bool { index % workers == worker }

  private func isSealed(_ index: Int) -> Bool {
    if !knownSealed[index] { knownSealed[index] = isSealed(CacheFormat.shardName(index)) }
    return knownSealed[index]
  }

  private func isSealed(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: folder.appending(path: "\(name).sqlite").path)
  }
}
