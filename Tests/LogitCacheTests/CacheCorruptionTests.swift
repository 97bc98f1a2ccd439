import Foundation
import LogitCache
import ShardStore
import TestSupport
import Testing

@Suite struct CacheCorruptionTests {
  private let folder: TemporaryFolder
  private let expected: [SoftTargetBlock]

  init() throws {
    folder = try TemporaryFolder()
    try SampleCache(states: .int8).write(to: folder.url)
    expected = try Self.read(0..<10, folder.url)
  }

  /// Blocks 0 to 9: five of each replica, as 3 + 2 in its two shards.
  private static func read(_ blocks: Range<Int>, _ folder: URL) throws -> [SoftTargetBlock] {
    let reader = try CacheReader(folder: folder)
    return try blocks.map { try reader.readBlock($0 % 5, replica: $0 / 5) }
  }

  /// True where the blocks read as before, false where a typed error was thrown.
  private func readsAsBefore(_ blocks: Range<Int> = 0..<10) throws -> Bool {
    do {
      let found = try Self.read(blocks, folder.url)
      #expect(found == Array(expected[blocks]))
      return true
    } catch let error as ShardStoreError {
      #expect(error.description.contains("shard-") || error.description.contains("tables"))
    } catch let error as LogitCacheError {
      let places = ["shard-", "tables", "manifest.json", "shards are complete"]
      #expect(places.contains(where: error.description.contains), "\(error)")
    }
    return false
  }

  private func flips(
    _ name: String, count: Int, seed: UInt64, blocks: Range<Int> = 0..<10
  ) throws -> Int {
    let file = folder.url.appending(path: name)
    let original = try Data(contentsOf: file)
    defer { try? original.write(to: file) }
    var generator = SeededGenerator(seed: seed)
    var refused = 0
    for _ in 0..<count {
      var bytes = original
      bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^=
        UInt8.random(in: 1...255, using: &generator)
      try bytes.write(to: file)
      if try !readsAsBefore(blocks) { refused += 1 }
    }
    return refused
  }

  @Test func flippedBytesOfAShardAreHarmlessOrNamed() throws {
    #expect(try flips("shard-00001.sqlite", count: 400, seed: 1, blocks: 3..<5) > 50)
    #expect(try readsAsBefore())
  }

  @Test func flippedBytesOfTheTablesAreHarmlessOrNamed() throws {
    #expect(try flips("tables.sqlite", count: 200, seed: 2, blocks: 0..<1) > 5)
  }

  @Test func flippedBytesOfTheManifestAreHarmlessOrNamed() throws {
    // Nearly every byte of it is compared with something.
    #expect(try flips("manifest.json", count: 200, seed: 3) > 100)
  }

  @Test func exchangedShardsAreNoticed() throws {
    let first = folder.url.appending(path: "shard-00000.sqlite")
    let second = folder.url.appending(path: "shard-00002.sqlite")
    let (a, b) = (try Data(contentsOf: first), try Data(contentsOf: second))
    try b.write(to: first)
    try a.write(to: second)
    #expect(try !readsAsBefore())
  }

  @Test func aTruncatedShardIsNoticedOnOpening() throws {
    let file = folder.url.appending(path: "shard-00003.sqlite")
    let data = try Data(contentsOf: file)
    try data.prefix(data.count - 1).write(to: file)
    #expect(
      throws: ShardStoreError.wrongFileSize(
        file: file.path, expectedBytes: data.count, foundBytes: data.count - 1)
    ) { try CacheReader(folder: folder.url) }
    try FileManager.default.removeItem(at: file)
    #expect(throws: ShardStoreError.notFound(file: file.path)) {
      try CacheReader(folder: folder.url)
    }
  }

  @Test func anotherFormatVersionIsRefused() throws {
    let file = folder.url.appending(path: "manifest.json")
    let text = try String(contentsOf: file, encoding: .utf8)
    try text.replacing("\"formatVersion\" : 2", with: "\"formatVersion\" : 1")
      .write(to: file, atomically: true, encoding: .utf8)
    #expect(
      throws: LogitCacheError.damagedManifest(
        file: file.path, what: "formatVersion", expected: "2", found: "1")
    ) { try CacheReader(folder: folder.url) }
  }
}
