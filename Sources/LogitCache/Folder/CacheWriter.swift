package import Foundation
package import ShardStore

/// Fills a cache folder shard by shard, from the start or from where another run stopped.
///
/// One caller at a time. Several processes may fill one folder: each takes the shards whose number
/// leaves its worker index when divided by the number of workers.
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

  /// The cache's identity.
  package let fingerprint: String
  /// What was found in the folder when it was opened.
  package let state: State
  /// What the cache holds.
  package let specification: CacheSpecification

  private let folder: URL
  private let worker: Int
  private let workers: Int

  /// Opens or creates the folder.
  ///
  /// - Parameters:
  ///   - folder: A cache of the same specification, or a folder that is empty or missing.
  ///   - specification: What determines the bytes.
  ///   - worker: This process, `0 ..< workers`.
  ///   - workers: Number of processes that fill the cache.
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
    state = try Self.open(folder, specification)
  }

  /// Whether `writeTables` is still to be called.
  package var needsTables: Bool { !isSealed(CacheFormat.tables) }

  /// Writes what all blocks share; does nothing where another worker did.
  ///
  /// - Throws: `ShardStoreError`; `.locked` while another worker is writing them.
  package func writeTables(_ tables: CacheTables) throws {
    if needsTables { try tables.write(folder: folder, specification: specification) }
  }

  /// The tables that were written, without the matrices that only a reader needs.
  ///
  /// - Throws: `LogitCacheError`, `ShardStoreError`.
  package func readTables() throws -> CacheTables {
    let reader = try TablesReader(
      folder: folder, specification: specification, fingerprint: fingerprint)
    let targets = try reader.targets()
    return CacheTables(
      order: try reader.order(), targets: targets,
      lowRank: [LowRankDecoder?](repeating: nil, count: targets.count))
  }

  /// The shards of this worker that are not sealed yet, ascending.
  package var pendingShards: [Int] {
    (0..<specification.shardCount).filter {
      $0 % workers == worker && !isSealed(CacheFormat.shardName($0))
    }
  }

  /// The replica, the corpus-wide number of block 0 and the number of blocks of a shard.
  package func place(ofShard index: Int) -> (replica: Int, firstBlock: Int, blocks: Int) {
    precondition((0..<specification.shardCount).contains(index), "shard \(index)")
    let place = ShardPlace(index, specification)
    return (place.replica, place.firstBlock, place.blocks)
  }

  /// Begins or resumes a shard; its blocks from `committedBlocks` on are to be appended.
  ///
  /// - Throws: `ShardStoreError`; `.locked` where another process is writing it.
  package func beginShard(_ index: Int) throws -> ShardWriter {
    let place = ShardPlace(index, specification)
    return try ShardWriter(
      folder: folder, name: place.name,
      metadata: CacheFormat.shardMetadata(
        fingerprint: fingerprint, shard: index, replica: place.replica))
  }

  /// Adds to the time that the teacher took, which is kept beside the cache.
  ///
  /// - Throws: `ShardStoreError`.
  package func addTeacherSeconds(_ seconds: Double) throws {
    try CacheTiming.add(seconds, folder: folder, worker: worker)
  }

  /// Completes the cache: checks that every shard is there and writes the manifest.
  ///
  /// - Returns: The manifest, or nil while other workers have shards to fill.
  /// - Throws: `LogitCacheError`, `ShardStoreError`.
  package func finish() throws -> CacheManifest? {
    let names = [CacheFormat.tables] + (0..<specification.shardCount).map(CacheFormat.shardName)
    guard names.allSatisfy(isSealed) else { return nil }
    for name in names { ShardWriter.removeLeftovers(folder: folder, name: name) }
    var manifest = CacheManifest(beginning: specification)
    manifest.tables =
      try TablesReader(folder: folder, specification: specification, fingerprint: fingerprint)
      .shard.summary
    for index in 0..<specification.shardCount {
      let place = ShardPlace(index, specification)
      let reader = try ShardReader(url: folder.appending(path: "\(place.name).sqlite"))
      try reader.require(
        CacheFormat.shardMetadata(fingerprint: fingerprint, shard: index, replica: place.replica))
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

  private func isSealed(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: folder.appending(path: "\(name).sqlite").path)
  }

  private static func open(_ folder: URL, _ specification: CacheSpecification) throws -> State {
    let files = FileManager.default
    let beginning = CacheManifest(beginning: specification)
    guard files.fileExists(atPath: folder.appending(path: CacheFormat.manifest).path) else {
      let others = ((try? files.contentsOfDirectory(atPath: folder.path)) ?? [])
        .filter { !$0.hasPrefix(CacheFormat.manifest) }
      if let other = others.sorted().first {
        throw LogitCacheError.notACache(
          folder: folder.path, reason: "it holds '\(other)' and no \(CacheFormat.manifest)")
      }
      do {
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
      } catch {
        throw ShardStoreError.notWritten(file: folder.path, reason: error.localizedDescription)
      }
      try beginning.write(folder: folder)
      return .new
    }
    let manifest = try CacheManifest.read(folder: folder)
    if manifest.fingerprint != beginning.fingerprint {
      throw LogitCacheError.otherCache(
        folder: folder.path,
        differences: specification.differences(from: manifest.specification))
    }
    let sealed = (0..<specification.shardCount).count {
      files.fileExists(atPath: folder.appending(path: "\(CacheFormat.shardName($0)).sqlite").path)
    }
    if manifest.complete && sealed == specification.shardCount { return .reusable }
    // A shard was deleted, to be computed anew: until then the cache is not complete.
    if manifest.complete { try beginning.write(folder: folder) }
    return .partial(sealed: sealed)
  }
}
