import Foundation
import LogitCache
import ShardStore
import TestSupport
import Testing

@Suite struct SharedShardTests {
  private let store: TemporaryFolder

  init() throws { store = try TemporaryFolder() }

  /// Fills a cache of the store as `cache-teacher --store` does.
  ///
  /// - Returns: Its folder, what was taken from each source, and the shards that were computed.
  private func fill(
    _ sample: SampleCache
  ) throws -> (folder: URL, taken: [Int], computed: [Int], damaged: [String]) {
    let place = CachePlace(sample.specification, store: store.url)
    let writer = try CacheWriter(folder: place.folder, specification: place.specification)
    for source in place.sources { try writer.takeTables(from: source) }
    try writer.prepareTables { sample.tables }
    let taken = try place.sources.map { try writer.takeShards(from: $0) }
    let computed = writer.pendingShards
    for index in computed {
      let shard = try writer.beginShard(index)
      _ = try sample.fill(shard, index: index, of: writer)
      _ = try shard.seal()
    }
    let manifest = try #require(try writer.finish())
    #expect(manifest.specification == place.specification)
    try CacheReader(folder: place.folder).verify()
    return (place.folder, taken.map(\.taken), computed, taken.flatMap(\.damaged))
  }

  private func inode(_ folder: URL, _ shard: Int) throws -> Int {
    let name = "shard-0000\(shard).sqlite"
    let values = try FileManager.default.attributesOfItem(atPath: folder.appending(path: name).path)
    return try #require(values[.systemFileNumber] as? Int)
  }

  @Test func moreReplicasTakeThoseThatExist() throws {
    let one = try fill(.grown(shards: 2, replicas: 1))
    #expect(one.taken == [] && one.computed == [0, 1])
    let three = try fill(.grown(shards: 2, replicas: 3))
    #expect(three.folder != one.folder)
    #expect(three.taken == [2] && three.computed == [2, 3, 4, 5])
    for shard in 0..<2 { #expect(try inode(three.folder, shard) == inode(one.folder, shard)) }
    // The bytes are those of a cache that was made by itself.
    let alone = try TemporaryFolder()
    try SampleCache.grown(shards: 2, replicas: 3).write(to: alone.url)
    #expect(try SampleCache.contents(three.folder) == SampleCache.contents(alone.url))
    // Fewer replicas are a part of it.
    let two = try fill(.grown(shards: 2, replicas: 2))
    #expect(two.taken == [4, 0] && two.computed == [])
  }

  @Test func aGrownCorpusTakesShardsAndTables() throws {
    let old = try fill(.grown(shards: 2, replicas: 2))
    let sample = SampleCache.grown(shards: 3, replicas: 2)
    let grown = try fill(sample)
    #expect(grown.taken == [4] && grown.computed == [2, 5])
    for (there, here) in [(0, 0), (1, 1), (3, 2), (4, 3)] {
      #expect(try inode(grown.folder, there) == inode(old.folder, here))
    }
    let reader = try CacheReader(folder: grown.folder)
    let before = try CacheReader(folder: old.folder)
    #expect(reader.specification.tablesDigest == before.manifest.tables?.digest)
    for block in 0..<before.blockCount {
      #expect(
        try reader.readBlock(block, replica: 1) == before.readBlock(block, replica: 1))
    }
    // The same request finds it, though its fingerprint is not that of tables of its own.
    #expect(CachePlace(sample.specification, store: store.url).folder.path == grown.folder.path)
    // An heir of the heir has the same tables.
    let more = try fill(.grown(shards: 4, replicas: 2))
    #expect(more.taken.first == 6 && more.computed == [3, 7])
    #expect(
      try CacheReader(folder: more.folder).specification.tablesDigest
        == reader.specification.tablesDigest)
  }

  @Test func masksWeightedByTheCorpusShareNothingWithAGrownOne() throws {
    var (old, new) = (
      SampleCache.grown(shards: 2, replicas: 1), SampleCache.grown(shards: 3, replicas: 1)
    )
    old.specification.weightingCorpus = old.specification.corpusDigest
    new.specification.weightingCorpus = new.specification.corpusDigest
    _ = try fill(old)
    let grown = try fill(new)
    #expect(grown.taken == [] && grown.computed == [0, 1, 2])
    #expect(try CacheReader(folder: grown.folder).specification.tablesDigest == nil)
  }

  @Test func aDamagedShardIsNotTakenButComputed() throws {
    let old = try fill(.grown(shards: 2, replicas: 1))
    let file = old.folder.appending(path: "shard-00001.sqlite")
    let original = try Data(contentsOf: file)
    // The first byte, from the middle on, whose change a reader notices.
    for offset in original.count / 2..<original.count {
      var bytes = original
      bytes[offset] ^= 1
      try bytes.write(to: file)
      if (try? ShardReader(url: file).verify()) == nil { break }
    }
    let new = try fill(.grown(shards: 2, replicas: 2))
    #expect(new.taken == [1] && new.computed == [1, 2, 3])
    #expect(new.damaged.count == 1 && new.damaged[0].contains("shard-00001"))
  }

  @Test func theSealedShardsOfAnIncompleteCacheAreTaken() throws {
    let sample = SampleCache.grown(shards: 2, replicas: 1)
    let place = CachePlace(sample.specification, store: store.url)
    let writer = try CacheWriter(folder: place.folder, specification: place.specification)
    try writer.writeTables(sample.tables)
    let shard = try writer.beginShard(1)
    _ = try sample.fill(shard, index: 1, of: writer)
    _ = try shard.seal()
    let more = try fill(.grown(shards: 2, replicas: 2))
    #expect(more.taken == [1] && more.computed == [0, 2, 3])
  }

  @Test func aNameOrTheBeginningOfAFingerprintMeansACache() throws {
    let one = try fill(.grown(shards: 2, replicas: 1)).folder
    let two = try fill(.grown(shards: 2, replicas: 2)).folder
    let name = one.lastPathComponent
    #expect(CachePlace.matches(name, store: store.url).map(\.lastPathComponent) == [name])
    #expect(CachePlace.matches(String(name.prefix(9)), store: store.url).count == 1)
    #expect(CachePlace.matches("", store: store.url) == [])
    let renamed = store.url.appending(path: "mine")
    try FileManager.default.moveItem(at: two, to: renamed)
    #expect(CachePlace.matches("mine", store: store.url).count == 1)
    #expect(
      CachePlace.matches(String(two.lastPathComponent.prefix(9)), store: store.url)
        .map(\.lastPathComponent) == ["mine"])
    #expect(CachePlace.matches("none", store: store.url) == [])
  }

  @Test func aFileIsCopiedWhereItCannotBeLinked() throws {
    let memory = URL(filePath: "/dev/shm")
    let source = store.url.appending(path: "source")
    try Data((0..<100_000).map { UInt8(truncatingIfNeeded: $0) }).write(to: source)
    guard FileManager.default.isWritableFile(atPath: memory.path) else { return }
    let target = memory.appending(path: "decant-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: target) }
    try AtomicFile.share(source, as: target)
    #expect(try Data(contentsOf: target) == Data(contentsOf: source))
    try AtomicFile.share(source, as: target)
  }
}
