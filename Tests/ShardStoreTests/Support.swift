import Foundation
import ShardStore

/// A folder that lives as long as the object.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "decant-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func file(_ name: String) -> URL { url.appending(path: name) }
}

/// SplitMix64, for seeded test data.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Deterministic blocks: one stream that compresses, one that does not, one empty.
enum SampleShard {
  static let metadata = ["kind": "test", "tokens": "123"]

  static func block(_ index: Int, bytes: Int = 3000) -> [NamedStream] {
    var generator = SeededGenerator(seed: UInt64(index) + 1)
    let noise = (0..<bytes).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let text = (0..<bytes).map { UInt8(($0 / 7 + index) % 5) }
    return [
      NamedStream(name: "ids", bytes: text), NamedStream(name: "noise", bytes: noise),
      NamedStream(name: "empty", bytes: []),
    ]
  }

  static let shardStream = NamedStream(name: "counts", bytes: Array(0...255))

  @discardableResult
  static func write(
    to folder: URL, name: String = "shard-00000", blocks: Int = 6, bytes: Int = 3000
  ) throws -> ShardSummary {
    let writer = try ShardWriter(folder: folder, name: name, metadata: metadata)
    for index in writer.committedBlocks..<blocks {
      try writer.append(block: block(index, bytes: bytes))
    }
    try writer.appendShardStream(shardStream)
    return try writer.seal()
  }
}
