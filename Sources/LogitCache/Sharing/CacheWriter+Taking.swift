package import Foundation
import ShardStore

/// What a cache took from another.
package struct TakenShards: Sendable {
  /// The cache they are from.
  package var source: URL
  /// How many were taken.
  package var taken: Int
  /// Shards that could not be taken because they are damaged, with what is wrong.
  package var damaged: [String]
}

extension CacheWriter {
  /// Takes the tables that this cache inherits, where they are not there yet.
  ///
  /// - Throws: `ShardStoreError`.
  package func takeTables(from source: ShardSource) throws {
    guard needsTables, source.heir(specification) == specification else { return }
    let file = source.file(CacheFormat.tables)
    try ShardReader(url: file).verify()
    try AtomicFile.share(file, as: folder.appending(path: "\(CacheFormat.tables).sqlite"))
  }

  /// Takes the shards that another cache has and this one lacks, as second names of the same files
  /// where the file system can. Each is read and checked before.
  ///
  /// - Parameters:
  ///   - source: The other cache.
  ///   - progress: Receives how many shards have been looked at, of how many.
  /// - Returns: What was taken; nothing where the tables differ.
  /// - Throws: `ShardStoreError`, `LogitCacheError` where this folder's tables are not there.
  package func takeShards(
    from source: ShardSource, progress: (Int, Int) -> Void = { _, _ in }
  ) throws -> TakenShards {
    var result = TakenShards(source: source.folder, taken: 0, damaged: [])
    let keys = try keys()
    guard source.hasTables(keys.tables) else { return result }
    let pending = Set(pendingShards)
    let shared = source.shared(with: specification).filter { pending.contains($0.there) }
    for (number, pair) in shared.enumerated() {
      progress(number, shared.count)
      let file = source.file(CacheFormat.shardName(pair.here))
      do {
        let reader = try ShardReader(url: file)
        try reader.require(keys.metadata(pair.there))
        try reader.verify()
      } catch {
        result.damaged.append("\(error)")
        continue
      }
      try AtomicFile.share(
        file, as: folder.appending(path: "\(CacheFormat.shardName(pair.there)).sqlite"))
      try CacheTiming.take(
        from: source.folder, shard: pair.here, to: folder, shard: pair.there)
      result.taken += 1
    }
    return result
  }
}
