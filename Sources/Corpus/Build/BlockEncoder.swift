import ShardStore

/// Consecutive blocks of one shard on their way to the disk.
struct BlockChunk: Sendable {
  /// The blocks' sequences.
  var blocks: [SequenceBlock] = []
  /// Tokens of all blocks.
  var tokens = 0
  /// Sequences of all blocks.
  var sequences = 0
}

/// A chunk as it will lie in its shard.
struct EncodedChunk: Sendable {
  /// The streams of each block.
  var blocks: [[EncodedStream]]
  /// Tokens of all blocks.
  var tokens: Int
  /// Sequences of all blocks.
  var sequences: Int
  /// Occurrences of each ID.
  var counts: [UInt32]
}

/// Turns blocks into compressed streams; may run on any thread.
enum BlockEncoder {
  /// Encodes the streams of a chunk and counts its IDs.
  ///
  /// - Throws: `ShardStoreError` where there is no memory left.
  /// - Precondition: every ID is in `0 ..< vocabSize`.
  static func encode(_ chunk: BlockChunk, vocabSize: Int) throws -> EncodedChunk {
    var counts = [UInt32](repeating: 0, count: vocabSize)
    let width = CorpusLayout.idBytes(vocabSize: vocabSize)
    let blocks = try chunk.blocks.map { block in
      let lengths = block.lengths.flatMap {
        [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)]
      }
      let ids = planes(block.tokenIDs, width: width, counts: &counts)
      return [
        try EncodedStream(
          NamedStream(name: CorpusLayout.lengthsStream, bytes: lengths), effort: .fast),
        try EncodedStream(NamedStream(name: CorpusLayout.idsStream, bytes: ids), effort: .fast),
      ]
    }
    return EncodedChunk(
      blocks: blocks, tokens: chunk.tokens, sequences: chunk.sequences, counts: counts)
  }

  /// The IDs as byte planes; each is counted too, since it is at hand.
  private static func planes(_ ids: [Int32], width: Int, counts: inout [UInt32]) -> [UInt8] {
    counts.withUnsafeMutableBufferPointer { counts in
      ids.withUnsafeBufferPointer { ids in
        [UInt8](unsafeUninitializedCapacity: ids.count * width) { bytes, size in
          for (index, id) in ids.enumerated() {
            precondition(
              id >= 0 && Int(id) < counts.count, "the tokenizer gave an ID outside its vocabulary")
            counts[Int(id)] += 1
            bytes[index] = UInt8(truncatingIfNeeded: id)
            bytes[ids.count + index] = UInt8(truncatingIfNeeded: id >> 8)
          }
          for plane in 2..<max(2, width) {
            for (index, id) in ids.enumerated() {
              bytes[plane * ids.count + index] = UInt8(truncatingIfNeeded: id >> Int32(8 * plane))
            }
          }
          size = ids.count * width
        }
      }
    }
  }
}
