import Foundation
import ShardStore

extension CacheWriter {
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
}
