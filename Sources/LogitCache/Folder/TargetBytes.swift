import ShardStore

/// Stored bytes of the targets in some blocks, also of the part that a smaller head or rank reads.
package struct TargetBytes {
  private let reader: CacheReader
  private let blocks: [(block: Int, replica: Int)]

  /// Bytes in these blocks.
  package init(_ reader: CacheReader, blocks: [(block: Int, replica: Int)]) {
    self.reader = reader
    self.blocks = blocks
  }

  /// Bytes a position by stream, the streams of positions and sequences left out.
  ///
  /// - Parameters:
  ///   - headK: Entries of the head that are read; nil for all.
  ///   - rank: Coefficients that are read; nil for all.
  ///   - wantsTail: Whether the tail's streams are read.
  /// - Returns: Bytes by the stream's name.
  /// - Throws: `ShardStoreError`, `LogitCacheError`.
  package func perRow(headK: Int?, rank: Int?, wantsTail: Bool) throws -> [String: Double] {
    var bytes: [String: Double] = [:]
    var rows = 0
    for (block, replica) in blocks {
      let sizes = try reader.targetBytes(block: block, replica: replica)
      rows += sizes.rows
      for (name, size) in sizes.streams {
        let isHead = name.hasSuffix(StreamName.headIDs) || name.hasSuffix(StreamName.headSteps)
        guard isHead || wantsTail else { continue }
        var columns = size.columns
        if name.hasSuffix(StreamName.headIDs), let headK { columns = Array(columns.prefix(headK)) }
        if name.hasSuffix(StreamName.headSteps), let headK {
          columns = Array(columns.prefix(max(headK - 1, 0)))
        }
        if name.hasSuffix(StreamName.tailLowRank), let rank {
          columns = Array(columns.prefix(rank))
        }
        let share = size.columns.isEmpty ? size.stored : columns.reduce(0) { $0 + $1 + 4 }
        bytes[name, default: 0] += Double(share)
      }
    }
    return bytes.mapValues { $0 / Double(max(rows, 1)) }
  }
}

extension CacheReader {
  /// Stored bytes of the target streams of a block, with their columns where they have some.
  func targetBytes(block: Int, replica: Int) throws -> (
    rows: Int, streams: [String: (stored: Int, columns: [Int])]
  ) {
    let (shard, number, targets) = try targetStreams(block: block, replica: replica)
    let streams = BlockStreams(shard: shard, block: number)
    let isTarget = { (name: String) in name.contains("head.") || name.contains("tail.") }
    var result: [String: (stored: Int, columns: [Int])] = [:]
    for name in shard.streamNames(block: number) where isTarget(name) {
      let columns =
        targets.firstIndex { $0.prefix == (name.hasPrefix("other.") ? "other." : "") }
        .map { targets[$0].tables.columns(name) } ?? 0
      let stored = shard.storedBytes(name, block: number) ?? 0
      result[name] = (stored, try columns > 0 ? streams.columnBytes(name, columns: columns) : [])
    }
    return ((shard.rawBytes(StreamName.positions, block: number) ?? 0) / 2, result)
  }
}

extension TargetTables {
  /// Coded columns of a stream; 0 where it has none.
  fileprivate func columns(_ name: String) -> Int {
    if name.hasSuffix(StreamName.headIDs) { return headIDs.count }
    if name.hasSuffix(StreamName.headSteps) { return headSteps.count }
    if name.hasSuffix(StreamName.tailLowRank) { return coefficients.count }
    return 0
  }
}
