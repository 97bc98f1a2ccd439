package import Foundation
import ShardStore

/// A cache from which another may take shards that are the same.
package struct ShardSource: Sendable {
  /// The cache's folder.
  package let folder: URL
  /// What it holds.
  package let specification: CacheSpecification
  private let keys: ShardKeys
  /// The identity of the tables, in whatever cache they were made.
  private let tablesKey: String?
  /// The number of each shard, by where it belongs.
  private let shards: [ShardKeys.Place: Int]

  /// Opens a cache, complete or not; nil where its tables are not written yet.
  ///
  /// - Throws: `LogitCacheError`, `ShardStoreError` where the folder is no cache or is damaged.
  package init?(folder: URL) throws {
    specification = try CacheManifest.read(folder: folder).specification
    self.folder = folder
    let tables = folder.appending(path: "\(CacheFormat.tables).sqlite")
    guard FileManager.default.fileExists(atPath: tables.path) else { return nil }
    let shard = try TablesReader(folder: folder, specification: specification).shard
    let keys = ShardKeys(specification, tables: shard.summary.digest)
    self.keys = keys
    tablesKey = shard.metadata["key"]
    // Two corpus shards of one text are the same shard.
    shards = Dictionary(
      (0..<specification.shardCount).map { (keys.place($0), $0) },
      uniquingKeysWith: { first, _ in first })
  }

  /// The caches of a store that can be read, by name.
  package static func all(in store: URL) -> [ShardSource] {
    CachePlace.folders(store).compactMap { (try? ShardSource(folder: $0)) ?? nil }
  }

  /// The specification with which another cache can take shards from this one: its tables are this
  /// one's, and it says so where they are not what it would have made itself.
  package func heir(_ wanted: CacheSpecification) -> CacheSpecification {
    if wanted.tablesDigest == keys.tables { return wanted }
    var heir = wanted
    heir.tablesDigest = tablesKey == wanted.tablesKey() ? nil : keys.tables
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
      guard let mine = shards[theirs.place(index)], isSealed(mine) else { return nil }
      return (index, mine)
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
