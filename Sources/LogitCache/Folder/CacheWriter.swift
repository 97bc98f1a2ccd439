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

  /// The identities of the shards; the tables are there.
  func keys() throws -> ShardKeys {
    if let knownKeys { return knownKeys }
    let keys = try ShardKeys(folder: folder, specification: specification)
    knownKeys = keys
    return keys
  }

  private func isMine(_ index: Int) -> Bool { index % workers == worker }

  private func isSealed(_ index: Int) -> Bool {
    if !knownSealed[index] { knownSealed[index] = isSealed(CacheFormat.shardName(index)) }
    return knownSealed[index]
  }

  /// Whether a shard is there, by its name.
  func isSealed(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: folder.appending(path: "\(name).sqlite").path)
  }
}
