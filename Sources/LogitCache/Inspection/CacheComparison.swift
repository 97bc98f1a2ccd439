package import Foundation
import ShardStore

/// In what two caches differ, found from manifests and directories; payloads are not read.
package struct CacheComparison: Sendable {
  /// A shard that differs.
  package struct Shard: Sendable, Hashable {
    /// Its name in the first cache.
    package var name: String
    /// Why it cannot be compared, such as that one cache lacks it; nil where it was compared.
    package var reason: String?
    /// Names of the streams that differ, with the blocks in which they do.
    package var streams: [String: [Int]]
  }

  /// Fields of the specification that differ: expected is the first cache's.
  package let fields: [FieldDifference]
  /// Whether the caches have the same shards of the same blocks, so that they can be compared.
  package let isComparable: Bool
  /// The shards that differ, in order.
  package let shards: [Shard]
  /// Number of shards that were compared and are equal.
  package let equalShards: Int
  /// Whether the tables are equal in every stream.
  package let areTablesEqual: Bool

  /// Whether nothing differs.
  package var isEqual: Bool { fields.isEmpty && shards.isEmpty && areTablesEqual }

  /// Compares.
  ///
  /// - Parameters:
  ///   - first: A cache's folder.
  ///   - second: Another one's.
  ///   - progress: Receives the number of shards compared, of how many.
  /// - Throws: `LogitCacheError`, `ShardStoreError`.
  package init(
    _ first: URL, _ second: URL, progress: (Int, Int) -> Void = { _, _ in }
  ) throws {
    let (a, b) = (try CacheShards(folder: first), try CacheShards(folder: second))
    fields = a.specification.differences(from: b.specification)
    isComparable =
      a.specification.blocksPerShard == b.specification.blocksPerShard
      && a.specification.replicas == b.specification.replicas
    areTablesEqual =
      try a.isThere(CacheShards.tables) == b.isThere(CacheShards.tables)
      && (!a.isThere(CacheShards.tables)
        || Self.streams(a.openTables(), b.openTables()).isEmpty)
    var differing: [Shard] = []
    var equal = 0
    if isComparable {
      for index in 0..<a.count {
        let name = a.name(index)
        switch (a.isThere(name), b.isThere(name)) {
        case (false, false): break
        case (true, false):
          differing.append(Shard(name: name, reason: "only in the first", streams: [:]))
        case (false, true):
          differing.append(Shard(name: name, reason: "only in the second", streams: [:]))
        case (true, true):
          let streams = try Self.streams(a.open(index), b.open(index))
          if streams.isEmpty {
            equal += 1
          } else {
            differing.append(Shard(name: name, reason: nil, streams: streams))
          }
        }
        progress(index + 1, a.count)
      }
    }
    shards = differing
    equalShards = equal
  }

  private static func streams(_ a: ShardReader, _ b: ShardReader) -> [String: [Int]] {
    var differing: [String: [Int]] = [:]
    for block in ShardFormat.shardLevel..<max(a.blockCount, b.blockCount) {
      for name in Set(a.streamNames(block: block)).union(b.streamNames(block: block))
      where a.checksum(name, block: block) != b.checksum(name, block: block) {
        differing[name, default: []].append(block)
      }
    }
    return differing
  }
}
