package import Foundation
import ShardStore
import Synchronization
package import Tokenizer

/// A finished tokenized corpus, read block by block.
///
/// Every byte that comes from the folder is checked: the storage checks digests and checksums, this
/// type lengths, IDs and the special tokens at the ends of a sequence. Damage throws, it never traps.
/// Owns the open shard files, at most `openShardLimit` of them; may be used from any thread.
package final class TokenizedCorpus: Sendable {
  /// Shard files kept open at most; a folder may hold more than a process may open.
  private static let openShardLimit = 256

  /// The corpus's folder.
  package let folder: URL
  /// What the corpus is.
  package let manifest: CorpusManifest
  /// Number of blocks of all shards.
  package let blockCount: Int
  /// The number of the first block of each shard.
  let firstBlocks: [Int]
  /// Open shards, the one used last at the end.
  private let open = Mutex<[(index: Int, reader: ShardReader)]>([])

  /// Opens a corpus; its shards are opened when they are first used.
  ///
  /// - Throws: `CorpusError.notACorpus`, `.badManifest`, `.unreadable` (a shard file is missing).
  package static func open(folder: URL) throws -> TokenizedCorpus {
    try TokenizedCorpus(folder: folder, manifest: CorpusManifest.read(folder: folder))
  }

  /// Joins a folder and a manifest that fits it.
  ///
  /// - Throws: `CorpusError.unreadable`.
  init(folder: URL, manifest: CorpusManifest) throws {
    self.folder = folder
    self.manifest = manifest
    var first = 0
    firstBlocks = manifest.shards.map { shard in
      defer { first += shard.blocks }
      return first
    }
    blockCount = first
    for shard in manifest.shards {
      let path = url(of: shard).path
      guard access(path, R_OK) == 0 else {
        throw CorpusError.unreadable(file: path, reason: systemMessage(errno))
      }
    }
  }

  /// The tokenizer that made the corpus.
  ///
  /// - Throws: `CorpusError.tokenizerMismatch`, or the tokenizer's error.
  package func tokenizer() throws -> WordPieceTokenizer {
    let kept = folder.appending(path: CorpusLayout.tokenizerFolder)
    let tokenizer = try WordPieceTokenizer.load(folder: kept)
    guard tokenizer.corpusDigest == manifest.tokenizerDigest else {
      throw CorpusError.tokenizerMismatch(
        folder: kept.path, expected: manifest.tokenizerDigest, found: tokenizer.corpusDigest)
    }
    return tokenizer
  }

  /// The shard a block is in, and its number there.
  ///
  /// - Precondition: `block` is in `0 ..< blockCount`.
  package func place(ofBlock block: Int) -> (shard: Int, blockInShard: Int) {
    precondition((0..<blockCount).contains(block), "the corpus has no such block")
    var low = 0
    var high = firstBlocks.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if firstBlocks[middle] <= block {
        low = middle
      } else {
        high = middle
      }
    }
    return (low, block - firstBlocks[low])
  }

  /// The lengths of a block's sequences, without reading their IDs.
  ///
  /// - Parameter block: In `0 ..< blockCount`, counted through all shards.
  /// - Returns: tokens of each sequence, `[CLS]` and `[SEP]` included.
  /// - Throws: `CorpusError.badBlock`, `.shardMismatch`; `ShardStoreError` for damaged storage.
  package func lengths(block: Int) throws -> [Int32] {
    let (shard, local) = place(ofBlock: block)
    return try lengths(reader(shard), local, shard)
  }

  /// The sequences of a block.
  ///
  /// - Parameter block: In `0 ..< blockCount`, counted through all shards.
  /// - Returns: the lengths and the IDs.
  /// - Throws: `CorpusError.badBlock`, `.shardMismatch`; `ShardStoreError` for damaged storage.
  package func block(_ block: Int) throws -> SequenceBlock {
    let (shard, local) = place(ofBlock: block)
    let reader = try reader(shard)
    let lengths = try lengths(reader, local, shard)
    func bad(_ reason: String) -> CorpusError {
      .badBlock(
        shard: reader.name, block: local, stream: CorpusLayout.idsStream, reason: reason)
    }
    let bytes = try reader.stream(CorpusLayout.idsStream, block: local)
    let width = CorpusLayout.idBytes(vocabSize: manifest.vocabSize)
    let tokens = lengths.reduce(0) { $0 + Int($1) }
    guard bytes.count == tokens * width else {
      throw bad("it has \(bytes.count) bytes, \(tokens) tokens need \(tokens * width)")
    }
    let vocabSize = UInt32(manifest.vocabSize)
    let ids = try CorpusLayout.values(planes: bytes, width: width).map { id in
      guard id < vocabSize else {
        throw bad("the token ID \(id) is outside the vocabulary of \(vocabSize)")
      }
      return Int32(id)
    }
    let result = SequenceBlock(lengths: lengths, tokenIDs: ids)
    for index in 0..<result.count {
      let sequence = result.sequence(index)
      guard sequence.first == manifest.specialTokens.classify,
        sequence.last == manifest.specialTokens.separator
      else { throw bad("sequence \(index) is not between [CLS] and [SEP]") }
    }
    return result
  }

  private func lengths(_ reader: ShardReader, _ local: Int, _ shard: Int) throws -> [Int32] {
    func bad(_ reason: String) -> CorpusError {
      .badBlock(
        shard: reader.name, block: local, stream: CorpusLayout.lengthsStream, reason: reason)
    }
    let bytes = try reader.stream(CorpusLayout.lengthsStream, block: local)
    let sequences = CorpusManifest.sequences(ofBlock: local, in: manifest.shards[shard])
    guard bytes.count == 2 * sequences else {
      throw bad("it has \(bytes.count) bytes, not 2 for each of \(sequences) sequences")
    }
    return try stride(from: 0, to: bytes.count, by: 2).map { index in
      let length = Int32(bytes[index]) | Int32(bytes[index + 1]) << 8
      guard (3...manifest.maxLength).contains(Int(length)) else {
        throw bad("a sequence of \(length) tokens, they have 3 to \(manifest.maxLength)")
      }
      return length
    }
  }

  private func url(of shard: CorpusManifest.Shard) -> URL {
    folder.appending(path: shard.name + ".sqlite")
  }

  /// The reader of a shard, opened and compared with the manifest at its first use.
  func reader(_ index: Int) throws -> ShardReader {
    try open.withLock { open in
      if let position = open.lastIndex(where: { $0.index == index }) {
        let entry = open.remove(at: position)
        open.append(entry)
        return entry.reader
      }
      let shard = manifest.shards[index]
      let reader = try ShardReader(url: url(of: shard))
      func require(_ what: String, _ expected: String, _ found: String) throws {
        guard expected == found else {
          throw CorpusError.shardMismatch(
            shard: shard.name, what: what, expected: expected, found: found)
        }
      }
      try require("the digest", shard.digest, reader.summary.digest)
      try require("the number of blocks", "\(shard.blocks)", "\(reader.blockCount)")
      for (key, value) in manifest.header.metadata(shard: index).sorted(by: { $0.key < $1.key }) {
        try require(key, value, reader.metadata[key] ?? "missing")
      }
      if open.count == TokenizedCorpus.openShardLimit {
        open.removeFirst()
      }
      open.append((index, reader))
      return reader
    }
  }
}
