import Foundation
import LogitCache
import ShardStore
import Synchronization
import TestSupport
import Testing

@Suite struct ShardClaimTests {
  private let sample = SampleCache()

  private func writer(_ folder: URL) throws -> CacheWriter {
    let writer = try CacheWriter(folder: folder, specification: sample.specification)
    try writer.writeTables(sample.tables)
    return writer
  }

  private func claimed(_ writer: CacheWriter) throws -> (Int, ShardWriter) {
    guard case .shard(let index, let shard) = try writer.claim() else {
      throw LogitCacheError.notKept(what: "a shard to claim", folder: "")
    }
    return (index, shard)
  }

  @Test func eachProcessTakesTheNextShardThatNobodyHas() throws {
    let folder = try TemporaryFolder()
    let (first, second) = (try writer(folder.url), try writer(folder.url))
    let (a, shardA) = try claimed(first)
    let (b, shardB) = try claimed(second)
    #expect(a == 0 && b == 1)
    _ = try sample.fill(shardA, index: a, of: first)
    _ = try shardA.seal()
    let (c, shardC) = try claimed(first)
    let (d, shardD) = try claimed(second)
    #expect(c == 2 && d == 3)
    guard case .busy(let shards) = try first.claim() else {
      Issue.record("not busy")
      return
    }
    #expect(shards == [1, 2, 3])
    for shard in [shardB, shardC, shardD] { shard.close() }
  }

  @Test func theShardOfADeadProcessIsTakenOverWithItsBlocks() throws {
    let folder = try TemporaryFolder()
    let (first, second) = (try writer(folder.url), try writer(folder.url))
    let (index, shard) = try claimed(first)
    #expect(try !sample.fill(shard, index: index, of: first, limit: 1))
    shard.close()
    let (again, taken) = try claimed(second)
    #expect(again == index && taken.committedBlocks == 1)
  }

  @Test func processesThatFinishAtOnceWriteTheSameBytes() throws {
    let (one, many) = (try TemporaryFolder(), try TemporaryFolder())
    try sample.write(to: one.url)
    let writers = try (0..<4).map { _ in try writer(many.url) }
    let failures = Mutex<[String]>([])
    let jobs = Jobs(writers.map { Job(writer: $0, sample: sample) })
    SideBySide.run(4) { number in
      do {
        try jobs.run(number)
      } catch {
        failures.withLock { $0.append("\(error)") }
      }
    }
    #expect(failures.withLock { $0 } == [])
    #expect(try SampleCache.contents(many.url) == SampleCache.contents(one.url))
  }

  @Test func whoFindsTheTablesBeingWrittenWaitsForThem() throws {
    let folder = try TemporaryFolder()
    let first = try CacheWriter(folder: folder.url, specification: sample.specification)
    let second = try CacheWriter(folder: folder.url, specification: sample.specification)
    let partial = try ShardWriter(
      folder: folder.url, name: "tables",
      metadata: ["kind": "tables", "key": sample.specification.tablesKey()])
    let told = Mutex(0)
    let held = Held(partial)
    Thread.detachNewThread {
      while told.withLock({ $0 }) == 0 { Thread.sleep(forTimeInterval: 0.01) }
      held.shard.close()
    }
    try second.prepareTables(waiting: { told.withLock { $0 += 1 } }, make: { sample.tables })
    #expect(told.withLock { $0 } == 1)
    #expect(!first.needsTables)
    try first.prepareTables(make: { throw CancellationError() })
  }

  /// A worker's share is filled without a look at what others do.
  @Test func aShareIsDoneWhenItsShardsAre() throws {
    let folder = try TemporaryFolder()
    let all = try writer(folder.url)
    let other = try all.beginShard(1)
    try sample.write(to: folder.url, worker: 0, workers: 2)
    let share = try CacheWriter(
      folder: folder.url, specification: sample.specification, worker: 0, workers: 2)
    guard case .done = try share.claim() else {
      Issue.record("not done")
      return
    }
    other.close()
  }

  /// Handed to one thread.
  private final class Held: @unchecked Sendable {  // used by one thread at a time
    let shard: ShardWriter
    init(_ shard: ShardWriter) { self.shard = shard }
  }

  private struct Job {
    let writer: CacheWriter
    let sample: SampleCache
  }

  /// One writer for each thread.
  private final class Jobs: @unchecked Sendable {  // each thread uses its own entry
    private let jobs: [Job]
    init(_ jobs: [Job]) { self.jobs = jobs }

    func run(_ number: Int) throws {
      let (writer, sample) = (jobs[number].writer, jobs[number].sample)
      while true {
        switch try writer.claim() {
        case .done:
          _ = try writer.finish()
          return
        case .busy: Thread.sleep(forTimeInterval: 0.005)
        case .shard(let index, let shard):
          _ = try sample.fill(shard, index: index, of: writer)
          _ = try shard.seal()
        }
      }
    }
  }
}
