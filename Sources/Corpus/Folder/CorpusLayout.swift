import Crypto
import ShardStore

/// The bytes of a tokenized corpus: names, streams and the digest; see `docs/FORMAT.md`.
package enum CorpusLayout {
  /// Sequences of a block at most.
  package static let blockSequences = 128
  /// The folder of the vocabulary inside the corpus folder.
  package static let tokenizerFolder = "tokenizer"

  static let lengthsStream = "lengths"
  static let idsStream = "ids"
  static let countsStream = "tokenCounts"

  /// The name of a shard without `.sqlite`.
  static func shardName(_ index: Int) -> String { ShardFormat.shardName(index) }

  /// Bytes of a token ID in the `ids` stream.
  static func idBytes(vocabSize: Int) -> Int {
    vocabSize > 1 << 16 ? 4 : 2
  }

  /// Numbers as byte planes: all lowest bytes, then all next ones, `width` planes in all.
  static func planes(_ values: [UInt32], width: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: values.count * width) { bytes, count in
      for plane in 0..<width {
        let shift = UInt32(8 * plane)
        for (index, value) in values.enumerated() {
          bytes[plane * values.count + index] = UInt8(truncatingIfNeeded: value >> shift)
        }
      }
      count = values.count * width
    }
  }

  /// The numbers that `planes` gave the bytes of.
  ///
  /// - Precondition: the number of bytes is a multiple of `width`.
  static func values(planes bytes: [UInt8], width: Int) -> [UInt32] {
    precondition(bytes.count.isMultiple(of: width), "byte planes are of equal length")
    let count = bytes.count / width
    var values = [UInt32](repeating: 0, count: count)
    for plane in 0..<width {
      for index in 0..<count {
        values[index] |= UInt32(bytes[plane * count + index]) << UInt32(8 * plane)
      }
    }
    return values
  }
}

/// SHA-256 over tokens and block boundaries.
///
/// Boundaries are part of it, since a logit cache keeps the same blocks and shards.
struct CorpusDigest {
  private var hasher = SHA256()

  /// Starts a digest.
  init() {
    hasher.update(data: Array("decant corpus 1\n".utf8))
  }

  /// Adds a block: `B`, the number of sequences, their lengths, their IDs; 32-bit little-endian.
  mutating func addBlock(lengths: [Int32], tokenIDs: [Int32]) {
    hasher.update(data: Array("B".utf8))
    add([Int32(lengths.count)])
    add(lengths)
    add(tokenIDs)
  }

  /// Ends a shard: `S`.
  mutating func endShard() {
    hasher.update(data: Array("S".utf8))
  }

  /// The digest's 32 bytes.
  func finalize() -> [UInt8] {
    Array(hasher.finalize())
  }

  private mutating func add(_ values: [Int32]) {
    #if _endian(little)
      values.withUnsafeBytes { hasher.update(bufferPointer: $0) }
    #else
      values.map(\.littleEndian).withUnsafeBytes { hasher.update(bufferPointer: $0) }
    #endif
  }
}
