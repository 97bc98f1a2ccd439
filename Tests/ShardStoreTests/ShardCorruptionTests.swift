import Foundation
import ShardStore
import TestSupport
import Testing

@Suite struct ShardCorruptionTests {
  private let folder: TemporaryFolder
  private let original: [UInt8]
  private let file: URL

  init() throws {
    folder = try TemporaryFolder()
    try SampleShard.write(to: folder.url, blocks: 4, bytes: 1500)
    file = folder.file("shard-00000.sqlite")
    original = [UInt8](try Data(contentsOf: file))
  }

  /// Reads everything; true where all is as written, false where a typed error was thrown.
  private func readsBack(_ bytes: [UInt8]) throws -> Bool {
    try Data(bytes).write(to: file)
    do {
      let reader = try ShardReader(url: file)
      #expect(reader.metadata == SampleShard.metadata)
      #expect(reader.blockCount == 4)
      for index in 0..<4 {
        for stream in SampleShard.block(index, bytes: 1500) {
          #expect(try reader.stream(stream.name, block: index) == stream.bytes)
        }
      }
      #expect(try reader.shardStream("counts") == SampleShard.shardStream.bytes)
      return true
    } catch let error as ShardStoreError {
      #expect(error.description.contains("shard-00000"), "\(error)")
      return false
    }
  }

  @Test func aFlippedByteIsHarmlessOrATypedError() throws {
    var generator = SeededGenerator(seed: 2024)
    var refused = 0
    for _ in 0..<800 {
      var bytes = original
      let offset = Int.random(in: 0..<bytes.count, using: &generator)
      bytes[offset] ^= UInt8.random(in: 1...255, using: &generator)
      if try !readsBack(bytes) { refused += 1 }
    }
    // Payloads are about half the file; the rest is free space and indexes of small pages.
    #expect(refused > 200)
    #expect(try readsBack(original))
  }

  @Test func everyFlipInTheHeaderAndSchemaPageIsHarmlessOrATypedError() throws {
    for offset in 0..<110 {
      for mask: UInt8 in [0x01, 0x80, 0xFF] {
        var bytes = original
        bytes[offset] ^= mask
        _ = try readsBack(bytes)
      }
    }
  }

  @Test func bytesOverwrittenInRunsAreHarmlessOrATypedError() throws {
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<200 {
      var bytes = original
      let offset = Int.random(in: 0..<bytes.count, using: &generator)
      let value = UInt8.random(in: 0...255, using: &generator)
      for i in offset..<min(bytes.count, offset + 64) { bytes[i] = value }
      _ = try readsBack(bytes)
    }
  }

  @Test func aTruncatedFileIsATypedError() throws {
    for length in stride(from: 0, to: original.count, by: 509) {
      #expect(try !readsBack(Array(original.prefix(length))))
    }
    #expect(try !readsBack(original + [0]))
  }

  @Test func aFlippedPayloadByteNamesShardBlockAndStream() throws {
    let noise = SampleShard.block(2, bytes: 1500)[1].bytes
    let start = try #require(
      original.indices.first { original[$0...].starts(with: noise.prefix(32)) })
    var bytes = original
    bytes[start + 5] ^= 1
    try Data(bytes).write(to: file)
    let reader = try ShardReader(url: file)
    #expect(try reader.stream("noise", block: 1) == SampleShard.block(1, bytes: 1500)[1].bytes)
    let error = #expect(throws: ShardStoreError.self) { try reader.stream("noise", block: 2) }
    guard case .damagedStream("shard-00000", 2, "noise", "SHA-256", _, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(throws: ShardStoreError.self) { try reader.verify() }
  }

  @Test func otherVersionsAndFilesAreRefusedByName() throws {
    func field(_ change: (inout [UInt8]) -> Void) throws -> String {
      var bytes = original
      change(&bytes)
      try Data(bytes).write(to: file)
      let error = #expect(throws: ShardStoreError.self) { try ShardReader(url: file) }
      guard case .notAShard(_, let field, _, _) = error else {
        return "\(String(describing: error))"
      }
      return field
    }
    #expect(try field { $0[63] = 2 } == "format version")
    #expect(try field { $0[68] = 0 } == "application_id")
    #expect(try field { $0[0] = 0 } == "file type")
    #expect(try field { $0[18] = 2 } == "journal version")
  }

  @Test func missingFilesAndStreamsAreNamed() throws {
    let nowhere = folder.file("nowhere.sqlite")
    #expect(throws: ShardStoreError.notFound(file: nowhere.path)) { try ShardReader(url: nowhere) }
    let reader = try ShardReader(url: file)
    #expect(
      throws: ShardStoreError.missingStream(shard: "shard-00000", block: 9, stream: "ids")
    ) { try reader.stream("ids", block: 9) }
    #expect(
      throws: ShardStoreError.missingStream(shard: "shard-00000", block: 0, stream: "other")
    ) { try reader.stream("other", block: 0) }
  }

  @Test func streamsBeyondTheLimitAreRefused() throws {
    let small = ShardLimits(streamBytes: 1000)
    let error = #expect(throws: ShardStoreError.self) { try ShardReader(url: file, limits: small) }
    guard case .streamTooLarge(_, _, _, 1500, 1000) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    let writer = try ShardWriter(folder: folder.url, name: "b", metadata: [:], limits: small)
    #expect(throws: ShardStoreError.self) {
      try writer.append(block: SampleShard.block(0, bytes: 1500))
    }
    #expect(writer.committedBlocks == 0)
  }
}
