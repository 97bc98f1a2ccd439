package import LogitCache
import ShardStore

extension TeacherPass {
  /// Fills the shards that a writer still has to do, block by block.
  ///
  /// - Parameters:
  ///   - writer: The cache's writer, with this pass's specification and its tables written.
  ///   - progress: Called after each block, and once for each shard that is resumed.
  /// - Returns: Where it ended.
  /// - Throws: what `encode(block:replica:auditRows:)` throws, and `ShardStoreError`; the blocks that
  ///   were appended stay, and the same call goes on after them.
  /// - Precondition: the specifications are the same.
  @discardableResult
  package func fill(
    _ writer: CacheWriter, progress: (CachingProgress) -> Void = { _ in }
  ) throws -> CachingProgress {
    precondition(writer.specification == specification, "a writer of another cache")
    let tables = try writer.readTables()
    let pending = writer.pendingShards
    var state = CachingProgress(
      blocks: 0, totalBlocks: pending.reduce(0) { $0 + writer.place(ofShard: $1).blocks },
      resumedBlocks: 0, rows: 0)
    for shard in pending {
      let place = writer.place(ofShard: shard)
      let file = try writer.beginShard(shard)
      if file.committedBlocks > 0 {
        state.blocks += file.committedBlocks
        state.resumedBlocks += file.committedBlocks
        progress(state)
      }
      for block in file.committedBlocks..<place.blocks {
        let start = ContinuousClock.now
        let encoder = try encode(
          block: place.firstBlock + block, replica: place.replica, tables: tables
        ) { specification.auditRows(block: block, blocks: place.blocks, rows: $0) }
        try file.append(block: encoder.finish())
        // With each block, so that a killed run's time is not lost with it.
        let elapsed = (ContinuousClock.now - start).components
        try writer.addTeacherSeconds(
          Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18)
        state.rows += encoder.rowCount
        state.blocks += 1
        progress(state)
      }
      _ = try file.seal()
    }
    return state
  }
}
