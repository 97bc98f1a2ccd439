import Foundation
import LogitCache
import ShardStore
import TestSupport
import Testing

/// `diff`, `merge`: several folders of one cache.
@Suite struct CacheSharingTests {
  @Test func shardsOfThreeWorkersMakeTheCacheOfOne() throws {
    let whole = try TemporaryFolder()
    try SampleCache().write(to: whole.url)
    let parts = try (0..<3).map { worker in
      let folder = try TemporaryFolder()
      try SampleCache().write(to: folder.url, worker: worker, workers: 3)
      return folder
    }
    let into = try TemporaryFolder()
    let merge = try CacheMerge(into: into.file("cache"), from: parts.map(\.url))
    let outcome = try merge.run()
    #expect(outcome.taken == [0, 1, 2, 3])
    #expect(outcome.sealed == 4 && outcome.total == 4)
    #expect(
      try SampleCache.contents(into.file("cache")) == SampleCache.contents(whole.url))
    let again = try CacheMerge(into: into.file("cache"), from: parts.map(\.url)).run()
    #expect(again.taken == [])
    withExtendedLifetime(parts) {}
  }

  @Test func anotherCacheAndADamagedShardAreNotTaken() throws {
    let (into, other) = (try TemporaryFolder(), try TemporaryFolder())
    try SampleCache().write(to: into.url, worker: 0, workers: 2)
    try SampleCache(states: .int8).write(to: other.url)
    let before = try SampleCache.contents(into.url)
    #expect(throws: LogitCacheError.self) {
      try CacheMerge(into: into.url, from: [other.url]).run()
    }
    let damaged = try TemporaryFolder()
    try SampleCache().write(to: damaged.url)
    try flip(damaged.file("shard-00001.sqlite"), block: 0, stream: "ids")
    let error = #expect(throws: ShardStoreError.self) {
      try CacheMerge(into: into.url, from: [damaged.url]).run()
    }
    #expect(error?.description.contains("shard-00001, block 0, stream 'ids'") == true)
    #expect(try SampleCache.contents(into.url) == before)
  }

  @Test func equalCachesDoNotDiffer() throws {
    let (a, b) = (try TemporaryFolder(), try TemporaryFolder())
    try SampleCache().write(to: a.url)
    try SampleCache().write(to: b.url)
    try CachePin.pin(b.url)
    try CacheReference.leave(run: a.file("run"), in: b.url)
    let comparison = try CacheComparison(a.url, b.url)
    #expect(comparison.isEqual)
    #expect(comparison.equalShards == 4)
  }

  @Test func fieldsShardsAndStreamsThatDifferAreNamed() throws {
    let (a, b) = (try TemporaryFolder(), try TemporaryFolder())
    var other = SampleCache()
    other.specification.target.step = 0.125
    try SampleCache().write(to: a.url)
    try other.write(to: b.url)
    let comparison = try CacheComparison(a.url, b.url)
    #expect(comparison.fields.map(\.field) == ["target.step"])
    // Other steps have other codes.
    #expect(!comparison.areTablesEqual)
    #expect(comparison.shards.map(\.name) == (0..<4).map { "shard-0000\($0)" })
    #expect(comparison.shards[0].streams == ["head.steps": [0, 1, 2]])
  }

  @Test func aShardThatIsOnlyInOneIsNamed() throws {
    let (a, b) = (try TemporaryFolder(), try TemporaryFolder())
    try SampleCache().write(to: a.url)
    try SampleCache().write(to: b.url, worker: 1, workers: 2)
    let comparison = try CacheComparison(a.url, b.url)
    #expect(!comparison.isEqual)
    #expect(comparison.shards.map(\.name) == ["shard-00000", "shard-00002"])
    #expect(comparison.shards.allSatisfy { $0.reason == "only in the first" })
    #expect(comparison.equalShards == 2)
  }
}
