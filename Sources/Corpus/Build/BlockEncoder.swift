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
      for id in block.tokenIDs {
        precondition(
          id >= 0 && Int(id) < vocabSize, "the tokenizer gave an ID outside its vocabulary")
        counts[Int(id)] += 1
      }
      let lengths = LittleEndian.bytes(block.lengths.map { UInt16(truncatingIfNeeded: $0) })
      let ids = BytePlanes.split(tokens: block.tokenIDs, width: width)
      return try [
        NamedStream(name: CorpusLayout.lengthsStream, bytes: lengths),
        NamedStream(name: CorpusLayout.idsStream, bytes: ids),
      ].map { try EncodedStream($0, effort: .fast) }
    }
    return EncodedChunk(
      blocks: blocks, tokens: chunk.tokens, sequences: chunk.sequences, counts: counts)
  }
}
