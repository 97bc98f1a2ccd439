import Foundation
import LogitCache
import ShardStore
import TestSupport
import Testing

@Suite struct IncompleteCacheTests {
  private let sample = SampleCache(states: .int8)
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func begin(tokenCounts: [UInt64]? = nil) throws -> CacheWriter {
    let writer = try CacheWriter(folder: folder.url, specification: sample.specification)
    try writer.writeTables(sample.tables)
    #expect(!CacheReader.canServe(folder: folder.url))
    try writer.prepareSequences(tokenCounts: tokenCounts) {
      sample.targetBlock($0, replica: 0).lengths
    }
    return writer
  }

  private func seal(_ index: Int, _ writer: CacheWriter) throws {
    let shard = try writer.beginShard(index)
    _ = try sample.fill(shard, index: index, of: writer)
    _ = try shard.seal()
  }

  @Test func sealedShardsAreServedAndThoseThatComeLaterAreFound() throws {
    let writer = try begin()
    #expect(CacheReader.canServe(folder: folder.url))
    let reader = try CacheReader(folder: folder.url, allowsMissing: true)
    #expect(!reader.isSealed(block: 0, replica: 0))
    #expect(throws: ShardStoreError.self) { try reader.readBlock(3, replica: 0) }
    try seal(1, writer)
    #expect(reader.isSealed(block: 3, replica: 0) && !reader.isSealed(block: 3, replica: 1))
    #expect(reader.shardName(block: 4, replica: 1) == "shard-00003")
    let early = try reader.readBlock(3, replica: 0)
    for index in [0, 2, 3] { try seal(index, writer) }
    _ = try writer.finish()
    let whole = try CacheReader(folder: folder.url)
    #expect(try whole.readBlock(3, replica: 0) == early)
    for block in 0..<reader.blockCount {
      #expect(try reader.lengths(block: block) == whole.lengths(block: block))
      #expect(try reader.readBlock(block, replica: 1) == whole.readBlock(block, replica: 1))
    }
  }

  @Test func aReaderThatIsNotToldOtherwiseRefusesAndNamesTheOption() throws {
    let writer = try begin()
    try seal(2, writer)
    let error = #expect(throws: LogitCacheError.self) { try CacheReader(folder: folder.url) }
    #expect(error == .incomplete(folder: folder.url.path, sealed: 1, total: 4))
    #expect(error?.description.contains("--missing wait") == true)
  }

  @Test func tokenCountsAreKeptForMasksThatNeedThem() throws {
    let counts = (0..<300).map { UInt64($0) << 33 }
    _ = try begin(tokenCounts: counts)
    let reader = try CacheReader(folder: folder.url, allowsMissing: true)
    #expect(try reader.keptTokenCounts() == counts)
  }

  @Test func aShardOfAnotherCacheUnderTheNameIsRefused() throws {
    let writer = try begin()
    let other = try TemporaryFolder()
    try SampleCache(target: TargetSpecification(headK: 9, tail: .scalars), states: .int8)
      .write(to: other.url)
    try FileManager.default.copyItem(
      at: other.url.appending(path: "shard-00000.sqlite"),
      to: folder.url.appending(path: "shard-00000.sqlite"))
    let reader = try CacheReader(folder: folder.url, allowsMissing: true)
    let error = #expect(throws: LogitCacheError.self) { try reader.readBlock(0, replica: 0) }
    guard case .wrongShard(_, "key", _, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    _ = writer
  }

  @Test func lengthsThatContradictAShardAreNoticed() throws {
    let writer = try CacheWriter(folder: folder.url, specification: sample.specification)
    try writer.writeTables(sample.tables)
    try writer.prepareSequences(tokenCounts: nil) { _ in [3, 4] }
    try seal(0, writer)
    let reader = try CacheReader(folder: folder.url, allowsMissing: true)
    let error = #expect(throws: LogitCacheError.self) { try reader.readBlock(0, replica: 0) }
    #expect(error?.description.contains("lengths") == true)
  }

  @Test func whetherSomebodyWritesIsSeenFromOutside() throws {
    let writer = try begin()
    #expect(CacheActivity(folder: folder.url).sealedFiles == 2)
    #expect(!CacheActivity(folder: folder.url).isBeingWritten)
    let shard = try writer.beginShard(3)
    #expect(CacheActivity(folder: folder.url).isBeingWritten)
    #expect(CacheActivity.isBeingWritten(shard: "shard-00003", folder: folder.url))
    #expect(!CacheActivity.isBeingWritten(shard: "shard-00002", folder: folder.url))
    shard.close()
    #expect(!CacheActivity(folder: folder.url).isBeingWritten)
  }

  /// Some thousand flipped bytes of the lengths: harmless, or a typed error.
  @Test func flippedBytesOfTheLengthsAreHarmlessOrNamed() throws {
    _ = try begin()
    let file = folder.url.appending(path: "sequences.sqlite")
    let original = try Data(contentsOf: file)
    let expected = try (0..<5).map {
      try CacheReader(folder: folder.url, allowsMissing: true).lengths(block: $0)
    }
    var generator = SeededGenerator(seed: 11)
    var refused = 0
    for _ in 0..<300 {
      var bytes = original
      bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^=
        UInt8.random(in: 1...255, using: &generator)
      try bytes.write(to: file)
      do {
        let reader = try CacheReader(folder: folder.url, allowsMissing: true)
        #expect(try (0..<5).map { try reader.lengths(block: $0) } == expected)
      } catch is ShardStoreError {
        refused += 1
      } catch is LogitCacheError {
        refused += 1
      }
    }
    #expect(refused > 10)
  }
}
