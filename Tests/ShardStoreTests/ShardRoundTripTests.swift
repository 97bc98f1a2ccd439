import Foundation
import ShardStore
import TestSupport
import Testing

@Suite struct ShardRoundTripTests {
  @Test func returnsWhatWasWritten() throws {
    let folder = try TemporaryFolder()
    let summary = try SampleShard.write(to: folder.url)
    let reader = try ShardReader(url: folder.file("shard-00000.sqlite"))
    #expect(reader.metadata == SampleShard.metadata)
    #expect(reader.name == "shard-00000")
    #expect(reader.blockCount == 6)
    #expect(reader.summary == summary)
    #expect(reader.shardStreamNames == ["counts"])
    #expect(try reader.shardStream("counts") == SampleShard.shardStream.bytes)
    for index in 0..<6 {
      #expect(reader.streamNames(block: index) == ["empty", "ids", "noise"])
      for stream in SampleShard.block(index) {
        #expect(try reader.stream(stream.name, block: index) == stream.bytes)
      }
    }
    try reader.verify()
  }

  @Test func leavesOnlyTheSealedFile() throws {
    let folder = try TemporaryFolder()
    let summary = try SampleShard.write(to: folder.url)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
    #expect(names == ["shard-00000.sqlite"])
    let bytes = try Data(contentsOf: folder.file("shard-00000.sqlite")).count
    #expect(summary.bytes == bytes)
  }

  @Test func keepsTheSmallerOfCompressedAndRaw() throws {
    let folder = try TemporaryFolder()
    try SampleShard.write(to: folder.url)
    let sizes = try ShardReader(url: folder.file("shard-00000.sqlite")).streamBytes()
    #expect(sizes["noise"]?.stored == sizes["noise"]?.raw)
    #expect(sizes["noise"]?.raw == 18_000)
    // Five values in runs of seven: far below a tenth.
    #expect((sizes["ids"]?.stored ?? .max) * 10 < 18_000)
  }

  @Test func roundTripsLargeStreams() throws {
    let folder = try TemporaryFolder()
    let writer = try ShardWriter(folder: folder.url, name: "large", metadata: [:])
    // Larger than LZ4's largest block (4 MiB) and not a multiple of it.
    let bytes = (0..<9_000_001).map { UInt8(truncatingIfNeeded: ($0 >> 8) ^ ($0 & 3)) }
    try writer.append(block: [NamedStream(name: "x", bytes: bytes)])
    _ = try writer.seal()
    let reader = try ShardReader(url: folder.file("large.sqlite"))
    #expect(try reader.stream("x", block: 0) == bytes)
    #expect((reader.streamBytes()["x"]?.stored ?? .max) < bytes.count)
  }

  @Test func holdsAShardWithoutBlocks() throws {
    let folder = try TemporaryFolder()
    let writer = try ShardWriter(folder: folder.url, name: "tables", metadata: [:])
    try writer.appendShardStream(NamedStream(name: "order", bytes: [1, 2]))
    try writer.appendShardStream(NamedStream(name: "order", bytes: [3]))
    #expect(try writer.seal().blocks == 0)
    let reader = try ShardReader(url: folder.file("tables.sqlite"))
    #expect(try reader.shardStream("order") == [3])
  }

  @Test func serves8ThreadsAtOnce() async throws {
    let folder = try TemporaryFolder()
    try SampleShard.write(to: folder.url)
    let reader = try ShardReader(url: folder.file("shard-00000.sqlite"))
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for task in 0..<8 {
        group.addTask {
          for index in 0..<48 {
            let block = (index + task) % 6
            for stream in SampleShard.block(block)
            where try reader.stream(stream.name, block: block) != stream.bytes { return false }
          }
          return true
        }
      }
      for try await isRight in group { #expect(isRight) }
    }
  }

  @Test func digestCoversContentAndNotHistory() throws {
    let folder = try TemporaryFolder()
    let first = try SampleShard.write(to: folder.url)
    try FileManager.default.removeItem(at: folder.file("shard-00000.sqlite"))
    let fewer = try SampleShard.write(to: folder.url, blocks: 5)
    #expect(first.digest != fewer.digest)
    #expect(first.digest.count == 64)
  }

  @Test func bytePlanesAreTheirOwnInverse() {
    let values: [UInt16] = [0, 1, 255, 256, 65_535, 0x1234]
    let planes = BytePlanes.split(values)
    #expect(planes == [0, 1, 255, 0, 255, 0x34, 0, 0, 0, 1, 255, 0x12])
    #expect(BytePlanes.join(planes) == values)
    #expect(BytePlanes.join([1, 2, 3]) == nil)
    let tokens: [Int32] = [0, 258, 70_000, 5]
    let wide = BytePlanes.split(tokens: tokens, width: 4)
    #expect(wide == [0, 2, 0x70, 5, 0, 1, 0x11, 0, 0, 0, 1, 0, 0, 0, 0, 0])
    #expect(BytePlanes.joinTokens(wide, width: 4, vocabularySize: 70_001) == tokens)
    #expect(BytePlanes.joinTokens(wide, width: 4, vocabularySize: 70_000) == nil)
    #expect(BytePlanes.joinTokens(wide[..<3], width: 2, vocabularySize: 10) == nil)
    let narrow = BytePlanes.split(tokens: [1, 513][...], width: 2)
    #expect(BytePlanes.joinTokens(narrow[...], width: 2, vocabularySize: 514) == [1, 513])
  }

  @Test func sha256OfAFileIsThePublishedOne() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write(Array("abc".utf8), to: folder.file("abc"))
    // FIPS 180-2, appendix B.1.
    #expect(
      try ContentDigest.file(folder.file("abc"))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }
}
