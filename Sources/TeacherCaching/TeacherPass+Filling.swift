import Foundation
import Kernels
package import LogitCache
import ShardStore

extension TeacherPass {
  /// Fills the shards that a writer still has to do, block by block, beside other processes.
  ///
  /// - Parameters:
  ///   - writer: The cache's writer, with this pass's specification and its tables written.
  ///   - waiting: Called once each time that only shards are left which other processes are writing,
  ///     with their numbers.
  ///   - progress: Called after each block, and once for each shard that is resumed.
  /// - Returns: Where it ended.
  /// - Throws: what `encode(block:replica:auditRows:)` throws, and `ShardStoreError`; the blocks that
  ///   were appended stay, and the same call goes on after them.
  /// - Precondition: the specifications are the same.
  @discardableResult
  package func fill(
    _ writer: CacheWriter, waiting: ([Int]) -> Void = { _ in },
    progress: (CachingProgress) -> Void = { _ in }
  ) throws -> CachingProgress {
    precondition(writer.specification == specification, "a writer of another cache")
    var state = CachingProgress(blocks: 0, totalBlocks: 0, resumedBlocks: 0, rows: 0)
    var looks = 0
    _ = writer.pendingShards  // looks at all of them once, for the number of blocks
    while true {
      let sealedBlocks = state.blocks
      switch try writer.claim() {
      case .done:
        return state
      case .busy(let shards):
        if looks == 0 && !writer.hasOwnShare { waiting(shards) }
        looks += 1
        // A share belongs to one process. A reader that asks whether a shard is locked has the lock
        // itself for a moment, so one look is not enough.
        if writer.hasOwnShare && looks > 30 { _ = try writer.beginShard(shards[0]) }
        Thread.sleep(forTimeInterval: Polling.seconds)
      case .shard(let shard, let file):
        looks = 0
        state.totalBlocks = sealedBlocks + writer.pendingBlocks
        try fill(shard, file, writer, &state, progress)
      }
    }
  }

  /// Fills one shard and seals it.
  private func fill(
    _ shard: Int, _ file: ShardWriter, _ writer: CacheWriter, _ state: inout CachingProgress,
    _ progress: (CachingProgress) -> Void
  ) throws {
    let place = writer.place(ofShard: shard)
    if file.committedBlocks > 0 {
      state.blocks += file.committedBlocks
      state.resumedBlocks += file.committedBlocks
      progress(state)
    }
    for block in stride(from: file.committedBlocks, to: place.blocks, by: 1) {
      let start = ContinuousClock.now
      let encoder = try encode(
        block: place.firstBlock + block, replica: place.replica
      ) { specification.auditRows(block: block, blocks: place.blocks, rows: $0) }
      try file.append(block: encoder.finish())
      // With each block, so that a killed run's time is not lost with it.
      let elapsed = (ContinuousClock.now - start).components
      try writer.addTeacherSeconds(
        Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18, shard: shard,
        kernels: KernelSet.name)
      state.rows += encoder.rowCount
      state.blocks += 1
      progress(state)
    }
    _ = try file.seal()
  }
}
