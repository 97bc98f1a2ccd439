import ShardStore
import TestSupport
import Testing

/// What is read ahead of SQLite is what lies in the file, in whatever order it is asked for.
@Suite struct ReadAheadTests {
  /// Streams below, about and above the 64 KiB that are read ahead.
  private static let sizes = [10, 900, 3000, 65_000, 65_536, 66_000, 200_000]

  @Test(arguments: [1, 2, 3]) func streamsInAnyOrderAreThoseThatWereWritten(seed: UInt64) throws {
    let folder = try TemporaryFolder()
    var generator = SeededGenerator(seed: seed)
    let blocks = (0..<12).map { _ in
      Self.sizes.shuffled(using: &generator).map { size in
        NamedStream(
          name: "bytes\(size)",
          bytes: (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) })
      }
    }
    let writer = try ShardWriter(folder: folder.url, name: "shard", metadata: [:])
    for block in blocks { try writer.append(block: block) }
    _ = try writer.seal()

    let reader = try ShardReader(url: folder.file("shard.sqlite"))
    try reader.verify()
    for index in blocks.indices.shuffled(using: &generator) {
      let wanted = blocks[index].shuffled(using: &generator)
      #expect(try reader.streams(wanted.map(\.name), block: index) == wanted.map(\.bytes))
    }
  }
}
