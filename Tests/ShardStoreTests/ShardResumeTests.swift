import Foundation
import ShardStore
import TestSupport
import Testing

@Suite struct ShardResumeTests {
  /// Copies what is on the disk while the writer is open: what a SIGKILL would leave.
  private func snapshot(of source: URL, to target: URL) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: source.path) {
      try FileManager.default.copyItem(
        at: source.appending(path: name), to: target.appending(path: name))
    }
  }

  private func uninterrupted() throws -> Data {
    let folder = try TemporaryFolder()
    try SampleShard.write(to: folder.url)
    return try Data(contentsOf: folder.file("shard-00000.sqlite"))
  }

  @Test(arguments: 0...6) func aKillBetweenBlocksEndsInTheSameBytes(blocks: Int) throws {
    let killed = try TemporaryFolder()
    let writer = try ShardWriter(
      folder: killed.url, name: "shard-00000", metadata: SampleShard.metadata)
    for index in 0..<blocks { try writer.append(block: SampleShard.block(index)) }
    if blocks == 6 { try writer.appendShardStream(SampleShard.shardStream) }
    let resumed = try TemporaryFolder()
    try snapshot(of: killed.url, to: resumed.url)
    let next = try ShardWriter(
      folder: resumed.url, name: "shard-00000", metadata: SampleShard.metadata)
    #expect(next.committedBlocks == blocks)
    next.close()
    try SampleShard.write(to: resumed.url)
    #expect(try Data(contentsOf: resumed.file("shard-00000.sqlite")) == uninterrupted())
  }

  @Test func whatAKillAfterSealingLeavesIsRemovedOnceNobodyHoldsIt() throws {
    let folder = try TemporaryFolder()
    let writer = try ShardWriter(
      folder: folder.url, name: "shard-00000", metadata: SampleShard.metadata)
    try writer.append(block: SampleShard.block(0))
    let killed = try TemporaryFolder()
    try snapshot(of: folder.url, to: killed.url)
    _ = try writer.seal()
    try snapshot(of: folder.url, to: killed.url)

    func names() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: killed.url.path).sorted()
    }
    #expect(try names().count == 3)
    // Not sealed: the next writer goes on from it.
    let sealed = killed.file("shard-00000.sqlite")
    let aside = killed.file("aside")
    try FileManager.default.moveItem(at: sealed, to: aside)
    ShardWriter.removeLeftovers(folder: killed.url, name: "shard-00000")
    #expect(try names().count == 3)
    let other = try ShardWriter(
      folder: killed.url, name: "shard-00000", metadata: SampleShard.metadata)
    try FileManager.default.moveItem(at: aside, to: sealed)
    // Held by another writer.
    ShardWriter.removeLeftovers(folder: killed.url, name: "shard-00000")
    #expect(try names().count == 3)
    other.close()
    ShardWriter.removeLeftovers(folder: killed.url, name: "shard-00000")
    #expect(try names() == ["shard-00000.sqlite"])
  }

  /// Otherwise each run would meet the same damage at the end of the same shard.
  @Test func aDamagedPartialShardIsNotSealedAndBegunAfresh() throws {
    let folder = try TemporaryFolder()
    let begin = {
      try ShardWriter(folder: folder.url, name: "shard-00000", metadata: SampleShard.metadata)
    }
    let writer = try begin()
    for index in 0..<3 { try writer.append(block: SampleShard.block(index)) }
    writer.close()
    let file = folder.file("shard-00000.sqlite.partial")
    var bytes = try Data(contentsOf: file)
    let payload = Data(SampleShard.block(1)[1].bytes.prefix(32))
    let place = try #require(bytes.range(of: payload))
    bytes[place.lowerBound] ^= 1
    try bytes.write(to: file)
    let resumed = try begin()
    #expect(resumed.committedBlocks == 3)
    #expect(throws: ShardStoreError.self) { try resumed.seal() }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == [])
    try SampleShard.write(to: folder.url)
    #expect(try Data(contentsOf: folder.file("shard-00000.sqlite")) == uninterrupted())
  }

  @Test func anAtomicWriteRemovesWhatAKilledOneLeft() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("manifest.json")
    try Data([1]).write(to: folder.file("manifest.json.tmp-1"))
    try Data([2]).write(to: folder.file("other.json.tmp-1"))
    try AtomicFile.write([3], to: file)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted()
        == ["manifest.json", "other.json.tmp-1"])
    #expect(try Data(contentsOf: file) == Data([3]))
  }

  @Test func aTornLogEndsInTheSameBytes() throws {
    let killed = try TemporaryFolder()
    let writer = try ShardWriter(
      folder: killed.url, name: "shard-00000", metadata: SampleShard.metadata)
    for index in 0..<5 { try writer.append(block: SampleShard.block(index)) }
    let expected = try uninterrupted()
    let log = try Data(contentsOf: killed.file("shard-00000.sqlite.partial-wal"))
    var generator = SeededGenerator(seed: 11)
    var resumedAt: Set<Int> = []
    for _ in 0..<24 {
      let resumed = try TemporaryFolder()
      try snapshot(of: killed.url, to: resumed.url)
      let kept = Int.random(in: 0...log.count, using: &generator)
      try log.prefix(kept).write(to: resumed.file("shard-00000.sqlite.partial-wal"))
      let next = try ShardWriter(
        folder: resumed.url, name: "shard-00000", metadata: SampleShard.metadata)
      resumedAt.insert(next.committedBlocks)
      next.close()
      try SampleShard.write(to: resumed.url)
      #expect(try Data(contentsOf: resumed.file("shard-00000.sqlite")) == expected)
    }
    #expect(resumedAt.count > 2, "the cuts should fall into several blocks")
  }

  @Test func aKillWhileSealingEndsInTheSameBytes() throws {
    let folder = try TemporaryFolder()
    let writer = try ShardWriter(
      folder: folder.url, name: "shard-00000", metadata: SampleShard.metadata)
    for index in 0..<6 { try writer.append(block: SampleShard.block(index)) }
    try writer.appendShardStream(SampleShard.shardStream)
    writer.close()
    try Data("half a file".utf8).write(to: folder.file("shard-00000.sqlite.sealing"))
    try SampleShard.write(to: folder.url)
    #expect(try Data(contentsOf: folder.file("shard-00000.sqlite")) == uninterrupted())
  }

  @Test func otherMetadataBeginsAfresh() throws {
    let folder = try TemporaryFolder()
    let writer = try ShardWriter(folder: folder.url, name: "s", metadata: ["a": "1"])
    try writer.append(block: SampleShard.block(0))
    writer.close()
    #expect(
      try ShardWriter(folder: folder.url, name: "s", metadata: ["a": "1"]).committedBlocks == 1)
    #expect(
      try ShardWriter(folder: folder.url, name: "s", metadata: ["a": "2"]).committedBlocks == 0)
  }

  @Test func anUnreadablePartialBeginsAfresh() throws {
    let folder = try TemporaryFolder()
    try Data(repeating: 7, count: 5000).write(to: folder.file("shard-00000.sqlite.partial"))
    try SampleShard.write(to: folder.url)
    #expect(try Data(contentsOf: folder.file("shard-00000.sqlite")) == uninterrupted())
  }

  @Test func aSecondWriterIsRefused() throws {
    let folder = try TemporaryFolder()
    let writer = try ShardWriter(folder: folder.url, name: "s", metadata: [:])
    let file = folder.file("s.sqlite.partial").path
    #expect(throws: ShardStoreError.locked(file: file)) {
      _ = try ShardWriter(folder: folder.url, name: "s", metadata: [:])
    }
    try writer.append(block: SampleShard.block(0))
    _ = try writer.seal()
    let sealed = folder.file("s.sqlite").path
    #expect(throws: ShardStoreError.alreadySealed(file: sealed)) {
      _ = try ShardWriter(folder: folder.url, name: "s", metadata: [:])
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["s.sqlite"])
  }

  @Test func aFullDiskIsReportedAndTheRunGoesOn() throws {
    let folder = try TemporaryFolder()
    let partial = folder.file("shard-00000.sqlite.partial").path
    // 18 pages of 1 kB hold the tables and two blocks of 3 kB of noise, not six.
    let writer = try ShardWriter(
      folder: folder.url, name: "shard-00000", metadata: SampleShard.metadata, maximumPages: 18)
    #expect(throws: ShardStoreError.diskFull(file: partial)) {
      for index in 0..<6 { try writer.append(block: SampleShard.block(index)) }
    }
    #expect((1..<6).contains(writer.committedBlocks))
    writer.close()
    try SampleShard.write(to: folder.url)
    #expect(try Data(contentsOf: folder.file("shard-00000.sqlite")) == uninterrupted())
  }

  @Test func anAtomicFileThatCannotBeWrittenLeavesTheOldOne() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write(Array("old".utf8), to: folder.file("manifest.json"))
    #expect(throws: ShardStoreError.self) {
      try AtomicFile.write([1], to: folder.file("missing/manifest.json"))
    }
    try AtomicFile.write(Array("new".utf8), to: folder.file("manifest.json"))
    #expect(try Data(contentsOf: folder.file("manifest.json")) == Data("new".utf8))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).count == 1)
  }
}
