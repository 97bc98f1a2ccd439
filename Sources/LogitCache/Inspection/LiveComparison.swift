package import Foundation
package import ShardStore

/// A cached block beside the same block computed anew.
package struct LiveComparison: Sendable {
  /// Names of the streams whose bytes differ; none on the machine and version that wrote the cache.
  package let differingStreams: [String]
  /// Largest difference of a logit that both kept: of head entries, of the logits that coefficients
  /// or hidden rows give, of audit rows; nil where nothing differs.
  package let largestDifference: Double?
  /// What one quantisation step of what is kept makes of a logit at most; nil where nothing differs.
  package let quantisation: Double?
  /// Head entries and drawn tokens whose token differs, of all.
  package let changedTokens: Int
  /// Head entries and drawn tokens in all.
  package let tokens: Int

  /// Compares.
  ///
  /// - Parameters:
  ///   - cache: The cache.
  ///   - index: A sealed shard.
  ///   - block: A block's number in the shard.
  ///   - computed: The block's streams, computed anew.
  ///   - scratch: An existing folder of the caller's own.
  /// - Throws: `ShardStoreError`, `LogitCacheError` where the cached block is damaged.
  package init(
    _ cache: CacheShards, shard index: Int, block: Int, computed: [NamedStream], scratch: URL
  ) throws {
    let cached = try cache.open(index)
    let writer = try WholeShardWriter(folder: scratch, name: "live", metadata: [:])
    try writer.append(block: computed.map { try EncodedStream($0, effort: .fast) })
    _ = try writer.seal()
    let file = scratch.appending(path: "live.sqlite")
    defer { try? FileManager.default.removeItem(at: file) }
    let anew = try ShardReader(url: file)

    let names = Set(cached.streamNames(block: block)).union(anew.streamNames(block: 0))
    differingStreams = names.sorted().filter {
      cached.checksum($0, block: block) != anew.checksum($0, block: 0)
    }
    guard !differingStreams.isEmpty else {
      (largestDifference, quantisation, changedTokens, tokens) = (nil, nil, 0, 0)
      return
    }
    let tables = try cache.tablesReader().allTables()
    let left = cache.decoder(cached, block: block, tables: tables)
    let right = cache.decoder(anew, block: 0, tables: tables)
    let (a, b) = (try left.decode(ReadOptions()), try right.decode(ReadOptions()))
    var sum = PartDifference()
    if a.positions == b.positions, a.lengths == b.lengths, a.classes == b.classes {
      for (index, target) in cache.specification.targets.enumerated() {
        sum.add(a.parts[index], b.parts[index], target: target, index: index, tables: tables)
      }
      for (first, second) in zip(try left.auditRows(), try right.auditRows()) {
        sum.largest = zip(first.logits, second.logits).reduce(sum.largest) {
          max($0, abs(Double($1.0) - Double($1.1)))
        }
      }
    } else {
      sum.largest = .infinity
    }
    largestDifference = sum.largest
    quantisation = sum.quantisation
    (changedTokens, tokens) = (sum.changedTokens, sum.tokens)
  }
}
