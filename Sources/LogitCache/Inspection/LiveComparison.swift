package import Foundation
package import ShardStore

/// A cached block beside the same block computed anew.
package struct LiveComparison: Sendable {
  /// Names of the streams whose bytes differ; none on the machine and version that wrote the cache.
  package let differingStreams: [String]
  /// Largest difference of a logit that both kept: of head entries, of the logits that hidden rows
  /// give, of audit rows; nil where no stream of logits differs.
  package let largestDifference: Double?
  /// Head entries whose token differs, of all.
  package let changedTokens: Int
  /// Head entries in all.
  package let tokens: Int

  /// Rows of a block whose logits are computed from hidden rows; each costs a whole vocabulary.
  private static let mostHiddenRows = 16

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
      (largestDifference, changedTokens, tokens) = (nil, 0, 0)
      return
    }
    let tables = try cache.openTables()
    let order = try CacheTables.order(tables, vocabSize: cache.specification.vocabSize)
    let left = cache.decoder(cached, block: block, order: order)
    let right = cache.decoder(anew, block: 0, order: order)
    let (a, b) = (try left.decode(ReadOptions()), try right.decode(ReadOptions()))
    guard a.positions == b.positions, a.lengths == b.lengths else {
      (largestDifference, changedTokens, tokens) = (.infinity, a.headIDs.count, a.headIDs.count)
      return
    }
    let heads = Self.heads(a, b)
    (changedTokens, tokens) = (heads.changed, a.headIDs.count)
    var differences = [heads.largest]
    if a.hidden != b.hidden, a.hidden != nil {
      let decoder = try CacheTables.decoder(
        tables, vocabSize: cache.specification.vocabSize,
        columns: cache.specification.teacher.hiddenSize)
      differences.append(Self.hidden(a, b, decoder))
    }
    for (first, second) in zip(try left.auditRows(), try right.auditRows()) {
      differences.append(
        zip(first.logits, second.logits).reduce(0) { max($0, abs(Double($1.0) - Double($1.1))) })
    }
    largestDifference = differences.max()
  }

  /// Entries of the same token in the same row.
  private static func heads(
    _ a: SoftTargetBlock, _ b: SoftTargetBlock
  ) -> (largest: Double, changed: Int) {
    var largest = 0.0
    var changed = 0
    for row in 0..<a.rowCount where a.headK > 0 {
      let range = row * a.headK..<(row + 1) * a.headK
      let other = Dictionary(
        zip(b.headIDs[range], b.headLogits[range]), uniquingKeysWith: { first, _ in first })
      for entry in range {
        guard let logit = other[a.headIDs[entry]] else {
          changed += 1
          continue
        }
        largest = max(largest, abs(Double(a.headLogits[entry]) - Double(logit)))
      }
    }
    return (largest, changed)
  }

  /// Differences of h give differences of W h; the bias is the same.
  private static func hidden(
    _ a: SoftTargetBlock, _ b: SoftTargetBlock, _ decoder: DecoderTable
  ) -> Double {
    guard let first = a.hidden, let second = b.hidden, decoder.bias.count > 0 else { return 0 }
    let columns = first.columns
    var rows: [Float] = []
    let step = max(1, a.rowCount / mostHiddenRows)
    for row in stride(from: 0, to: a.rowCount, by: step) {
      var (x, y) = ([Float](repeating: 0, count: columns), [Float](repeating: 0, count: columns))
      x.withUnsafeMutableBufferPointer { first.copyRow(row, into: $0) }
      y.withUnsafeMutableBufferPointer { second.copyRow(row, into: $0) }
      rows += zip(x, y).map { $0 - $1 }
    }
    var largest: Float = 0
    for token in 0..<decoder.bias.count {
      for row in 0..<rows.count / columns {
        var sum: Float = 0
        for column in 0..<columns {
          sum += decoder.weight[token * columns + column] * rows[row * columns + column]
        }
        largest = max(largest, abs(sum))
      }
    }
    return Double(largest)
  }
}
