import Foundation
import LogitCache
import ShardStore
import TestSupport
import Testing

/// Stores: references, pins, and what may be deleted.
@Suite struct CacheStoreTests {
  private let store: TemporaryFolder

  init() throws {
    store = try TemporaryFolder()
    try SampleCache().write(to: store.file("a"))
    try SampleCache(states: .int8).write(to: store.file("b"), worker: 0, workers: 2)
    try store.write("corpus/manifest.json", "{\"formatVersion\": 1}")
    try setAge("b", seconds: 4000)
  }

  /// Lets a cache's shards have been written so long ago.
  private func setAge(_ cache: String, seconds: Double) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: store.file(cache).path) {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -seconds)],
        ofItemAtPath: store.file("\(cache)/\(name)").path)
    }
  }

  private func collection() throws -> CacheCollection {
    try CacheCollection(CacheStore(folder: store.url))
  }

  private func names(_ collection: CacheCollection) -> [String] {
    collection.candidates.map { $0.folder.lastPathComponent }
  }

  @Test func onlyCachesAreListed() throws {
    try store.write("damaged/manifest.json", "{\"fingerprint\": 1}")
    let entries = try CacheStore(folder: store.url).entries()
    #expect(entries.map { $0.folder.lastPathComponent } == ["a", "b", "damaged"])
    let inventories = entries.map { try? $0.contents.get() }
    #expect(inventories[0]?.isComplete == true && inventories[0]?.rows != nil)
    #expect(inventories[1]?.isComplete == false && inventories[1]?.sealedShards == 2)
    #expect(inventories[2] == nil)
    #expect(throws: LogitCacheError.self) { try CacheStore(folder: store.file("nothing")) }
  }

  @Test func pinsAndReferencesKeepACache() throws {
    #expect(names(try collection()) == ["a", "b"])
    try CachePin.pin(store.file("a"))
    #expect(names(try collection()) == ["b"])
    try CachePin.unpin(store.file("a"))
    let run = store.file("run")
    try CacheReference.leave(run: run, in: store.file("b"))
    #expect(names(try collection()) == ["a", "b"])
    try FileManager.default.createDirectory(at: run, withIntermediateDirectories: true)
    let kept = try collection()
    #expect(names(kept) == ["a"])
    #expect(kept.kept.map(\.reason) == [.used(runs: [run.resolvingSymlinksInPath().path])])
  }

  @Test func aReferenceIsLeftOnceAndMovesWithItsDisk() throws {
    let run = store.file("runs/one")
    try FileManager.default.createDirectory(at: run, withIntermediateDirectories: true)
    try CacheReference.leave(
      run: run, in: store.file("a"), date: Date(timeIntervalSince1970: 0))
    try CacheReference.leave(run: run, in: store.file("a"))
    let found = CacheReference.all(in: store.file("a"))
    #expect(found.map(\.date) == ["1970-01-01T00:00:00Z"])
    #expect(found.map(\.runFromCache) == ["../runs/one"])
    let moved = try TemporaryFolder()
    for name in ["a", "runs"] {
      try FileManager.default.moveItem(at: store.file(name), to: moved.file(name))
    }
    let cache = moved.file("a")
    #expect(CacheReference.all(in: cache).map { $0.standing(cache: cache) } == [.there])
    try FileManager.default.removeItem(at: moved.file("runs"))
    #expect(CacheReference.all(in: cache).map { $0.standing(cache: cache) } == [.gone])
  }

  @Test func aRunOfAnotherMachineThatIsNotSeenHereKeepsItsCache() throws {
    let run = store.file("run")
    try CacheReference.leave(run: run, in: store.file("a"), host: "node-7")
    // As older versions left them.
    try store.write(
      "b/references/x.json", "{\"run\": \"/nowhere\", \"runFromCache\": \"\", \"date\": \"2026\"}")
    let kept = try collection()
    #expect(names(kept) == [])
    guard case .usedElsewhere(let runs) = kept.kept[0].reason else {
      Issue.record("\(kept.kept)")
      return
    }
    #expect(runs.map(\.host) == ["node-7"])
    let bold = try CacheCollection(CacheStore(folder: store.url), ignoresOtherHosts: true)
    #expect(names(bold) == ["a", "b"])
    // Seen from here, it is no question of machines.
    try FileManager.default.createDirectory(at: run, withIntermediateDirectories: true)
    #expect(try bold.delete(try #require(bold.candidates.first)) != nil)
    #expect(try bold.delete(try #require(bold.candidates.last)) == nil)
  }

  @Test func twoMachinesWithARunOfOnePathLeaveTwoReferences() throws {
    let run = store.file("run")
    let path = run.resolvingSymlinksInPath().path
    let name = ContentDigest.bytes(Array(path.utf8))
    // As older versions named and wrote it.
    try store.write(
      "a/references/\(name).json",
      "{\"run\": \"\(path)\", \"runFromCache\": \"\", \"date\": \"2026\"}")
    for host in ["node-1", "node-2", "node-1"] {
      try CacheReference.leave(run: run, in: store.file("a"), host: host)
    }
    #expect(
      CacheReference.all(in: store.file("a")).compactMap(\.host).sorted() == ["node-1", "node-2"])
    #expect(CacheReference.all(in: store.file("a")).count == 2)
  }

  @Test func anUnreadableReferenceKeepsTheCache() throws {
    try store.write("a/references/x.json", "nonsense")
    #expect(names(try collection()) == ["b"])
  }

  @Test func aCacheThatIsWrittenStays() throws {
    let sample = SampleCache(states: .int8)
    let writer = try CacheWriter(folder: store.file("b"), specification: sample.specification)
    let shard = try writer.beginShard(try #require(writer.pendingShards.first))
    let locked = try collection()
    #expect(names(locked) == ["a"])
    #expect(locked.kept.map(\.reason) == [.busy])
    shard.close()
    try setAge("b", seconds: 4000)
    let free = try collection()
    #expect(names(free) == ["a", "b"])
    let again = try writer.beginShard(try #require(writer.pendingShards.first))
    let candidate = try #require(free.candidates.last)
    #expect(try free.delete(candidate) == .busy)
    again.close()
    try setAge("b", seconds: 4000)
    #expect(try free.delete(candidate) == nil)
    #expect(!FileManager.default.fileExists(atPath: store.file("b").path))
    #expect(FileManager.default.fileExists(atPath: store.file("a/manifest.json").path))
  }

  /// As a machine leaves it whose locks do not reach this one.
  @Test func anUnfinishedCacheThatWasJustWrittenStays() throws {
    try setAge("b", seconds: 60)
    let kept = try collection()
    #expect(names(kept) == ["a"])
    guard case .recent(let seconds)? = kept.kept.first?.reason else {
      Issue.record("\(kept.kept)")
      return
    }
    #expect(seconds >= 60 && seconds < 3600)
    // A clock that is ahead.
    try setAge("b", seconds: -600)
    #expect(names(try collection()) == ["a"])
    let bold = try CacheCollection(CacheStore(folder: store.url), ignoresOtherHosts: true)
    #expect(names(bold) == ["a", "b"])
  }

  @Test func leftoversAreFoundAndAnUnfinishedShardIsNone() throws {
    for folder in ["a", "b"] { try CachePin.pin(store.file(folder)) }
    try store.write("a/shard-00001.sqlite.partial", "x")
    try store.write("a/shard-00001.sqlite.partial-wal", "x")
    try store.write("a/manifest.json.tmp-4711", "x")
    try store.write("a/.repair/shard-00000.sqlite.partial", "x")
    try store.write("b/shard-00001.sqlite.partial", "x")
    try store.write(".deleted-c-4711/manifest.json", "x")
    let found = try collection()
    #expect(
      found.leftovers.map(\.lastPathComponent) == [
        ".deleted-c-4711", ".repair", "manifest.json.tmp-4711", "shard-00001.sqlite.partial",
        "shard-00001.sqlite.partial-wal",
      ])
    for leftover in found.leftovers { try found.delete(leftover: leftover) }
    #expect(try collection().leftovers == [])
    #expect(FileManager.default.fileExists(atPath: store.file("b/shard-00001.sqlite.partial").path))
    #expect(try CacheVerification(folder: store.file("a")).run() == [])
  }

  @Test func pinsAndReferencesAreNotPartOfTheCache() throws {
    try CachePin.pin(store.file("a"))
    try CacheReference.leave(run: store.file("run"), in: store.file("a"))
    let writer = try CacheWriter(
      folder: store.file("a"), specification: SampleCache().specification)
    #expect(writer.state == .reusable)
    #expect(try CacheVerification(folder: store.file("a")).run() == [])
    #expect(throws: LogitCacheError.self) { try CachePin.pin(store.file("corpus")) }
  }
}
