import Foundation
import LogitCache
import ShardStore
import TestSupport
import Testing

@Suite struct CacheResumeTests {
  private let sample = SampleCache(states: .int8)

  private func uninterrupted() throws -> [String: Data] {
    let folder = try TemporaryFolder()
    try sample.write(to: folder.url)
    return try SampleCache.contents(folder.url)
  }

  /// Stops after a number of blocks in all, and copies what is on the disk at that moment while the
  /// writers are still open: what a SIGKILL would leave.
  private func killed(afterBlocks blocks: Int, into copy: URL) throws {
    let folder = try TemporaryFolder()
    let writer = try CacheWriter(folder: folder.url, specification: sample.specification)
    try writer.writeTables(sample.tables)
    var left = blocks
    var last: ShardWriter?
    for index in writer.pendingShards where left >= 0 {
      let shard = try writer.beginShard(index)
      let before = shard.committedBlocks
      let isWhole = try sample.fill(shard, index: index, of: writer, limit: left)
      left -= shard.committedBlocks - before
      last = shard
      if !isWhole { break }
      if left == 0 { break }
      _ = try shard.seal()
    }
    for (name, data) in try SampleCache.contents(folder.url) {
      try data.write(to: copy.appending(path: name))
    }
    last?.close()
  }

  @Test(arguments: 0...10) func aKillAtAnyBlockEndsInTheSameBytes(blocks: Int) throws {
    let folder = try TemporaryFolder()
    try killed(afterBlocks: blocks, into: folder.url)
    #expect(throws: LogitCacheError.self) { try CacheReader(folder: folder.url) }
    let writer = try CacheWriter(folder: folder.url, specification: sample.specification)
    guard case .partial = writer.state else {
      Issue.record("\(writer.state)")
      return
    }
    #expect(try sample.write(to: folder.url) != nil)
    #expect(try SampleCache.contents(folder.url) == uninterrupted())
  }

  @Test func aCompleteCacheIsReusedAsItIs() throws {
    let folder = try TemporaryFolder()
    try sample.write(to: folder.url)
    let before = try SampleCache.contents(folder.url)
    let writer = try CacheWriter(folder: folder.url, specification: sample.specification)
    #expect(writer.state == .reusable)
    #expect(writer.pendingShards.isEmpty && !writer.needsTables)
    #expect(try SampleCache.contents(folder.url) == before)
  }

  @Test func aShardThatWasDeletedIsComputedAnew() throws {
    let folder = try TemporaryFolder()
    try sample.write(to: folder.url)
    try FileManager.default.removeItem(at: folder.url.appending(path: "shard-00002.sqlite"))
    let writer = try CacheWriter(folder: folder.url, specification: sample.specification)
    #expect(writer.state == .partial(sealed: 3))
    #expect(writer.pendingShards == [2])
    try sample.write(to: folder.url)
    #expect(try SampleCache.contents(folder.url) == uninterrupted())
  }

  @Test func twoWorkersFillOneCache() throws {
    let folder = try TemporaryFolder()
    #expect(try sample.write(to: folder.url, worker: 1, workers: 2) == nil)
    let error = #expect(throws: LogitCacheError.self) { try CacheReader(folder: folder.url) }
    #expect(
      error == .incomplete(folder: folder.url.path, sealed: 2, total: 4))
    #expect(try sample.write(to: folder.url, worker: 0, workers: 2)?.complete == true)
    #expect(try SampleCache.contents(folder.url) == uninterrupted())
  }

  @Test func timeIsSummedAndChangesNoByteOfTheCache() throws {
    let folder = try TemporaryFolder()
    try sample.write(to: folder.url)
    for (shard, seconds) in [(0, 1.5), (1, 2), (0, 0.25)] {
      let writer = try CacheWriter(folder: folder.url, specification: sample.specification)
      try writer.addTeacherSeconds(seconds, shard: shard, kernels: "kernels \(seconds)")
    }
    #expect(try CacheReader(folder: folder.url).teacherSeconds == 3.75)
    let shards = try CacheShards(folder: folder.url)
    #expect(shards.kernels(ofShard: 0) == ["kernels 0.25", "kernels 1.5"])
    #expect(shards.kernels(ofShard: 2) == [])
    #expect(try SampleCache.contents(folder.url) == uninterrupted())
  }
}
