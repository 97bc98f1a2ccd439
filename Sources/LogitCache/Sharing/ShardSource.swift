package import Foundation
import ShardStore

/// A cache from which another may take shards that are the same.
package struct ShardSource: Sendable {
  /// The cache's folder.
  package let folder: URL
  /// What it holds.
  package let specification: CacheSpecification
  private let keys: ShardKeys
  /// The number of each corpus shard, by its digest.
  private let corpusShards: [String: Int]

  /// Opens a cache, complete or not; nil where its tables are not written yet, and of one that no
  /// teacher pass made as it is.
  ///
  /// - Throws: `LogitCacheError`, `ShardStoreError` where the folder is no cache or is damaged.
  package init?(folder: URL) throws {
    specification = try CacheManifest.read(folder: folder).specification
    self.folder = folder
    let tables = folder.appending(path: "\(CacheFormat.tables).sqlite")
    guard FileManager.default.fileExists(atPath: tables.path), specification.derivedFrom == nil
    else { return nil }
    keys = try ShardKeys(folder: folder, specification: specification)
    corpusShards = Dictionary(
      specification.corpusShards.enumerated().map { ($1, $0) },
      uniquingKeysWith: { first, _ in first }
    )
  }

  /// The specification with which another cache can take shards from this one: its tables are this
  /// one's, and it says so where they are not what it would have made itself.
  package func heir(_ wanted: CacheSpecification) -> CacheSpecification {
    var heir = wanted
    let areOwn =
      specification.tablesDigest == nil && specification.tablesKey() == wanted.tablesKey()
    heir.tablesDigest = areOwn ? nil : keys.tables
    return heir
  }

  /// The shards of another cache that this one has sealed.
  ///
  /// - Parameter other: A specification with this cache's tables, see `heir`.
  /// - Returns: Pairs of their numbers there and here.
  package func shared(with other: CacheSpecification) -> [(there: Int, here: Int)] {
    let theirs = ShardKeys(other, tables: keys.tables)
    guard theirs.common == keys.common else { return [] }
    return (0..<other.shardCount).compactMap { index in
      let replica = index / other.corpusShards.count
      guard replica < specification.replicas,
        let corpusShard = corpusShards[other.corpusShards[index % other.corpusShards.count]]
      else { return nil }
      let mine = replica * specification.corpusShards.count + corpusShard
      return isSealed(mine) ? (index, mine) : nil
    }
  }

  /// Whether the tables of a folder are this cache's.
  func hasTables(_ digest: String) -> Bool { keys.tables == digest }

  /// The file of a sealed shard, or of the tables.
  func file(_ name: String) -> URL { folder.appending(path: "\(name).sqlite") }

  private func isSealed(_ index: Int) -> Bool {
    FileManager.default.fileExists(atPath: file(CacheFormat.shardName(index)).path)
  }
}
