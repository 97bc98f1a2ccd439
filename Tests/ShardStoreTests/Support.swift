import Foundation
import ShardStore
import TestSupport

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
