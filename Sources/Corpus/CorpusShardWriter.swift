import Foundation
import ShardStore

/// Collects sequences into blocks and shards and counts what goes through.
///
/// Owns the shard that is open; one thread at a time.
final class CorpusShardWriter {
  private let folder: URL
  private let header: CorpusHeader
  private let options: CorpusOptions
  private var writer: ShardWriter?
  private var shard = CorpusManifest.Shard(name: "", sequences: 0, tokens: 0, blocks: 0, digest: "")
  private var lengths: [Int32] = []
  private var tokenIDs: [Int32] = []
  /// Occurrences of each ID in the open shard.
  private var shardCounts: [UInt32]
  private var digest = CorpusDigest()

  /// Shards sealed so far.
  private(set) var shards: [CorpusManifest.Shard] = []
  /// Sequences and tokens taken so far.
  private(set) var sequences = 0
  private(set) var tokens = 0
  /// How many of the tokens are `[UNK]`.
  private(set) var unknownTokens = 0
  /// Sequences by length.
  private(set) var lengthHistogram: [Int]

  /// - Parameters:
  ///   - folder: An existing folder, empty of shards.
  ///   - header: What the shards say of themselves.
  ///   - options: Length and shard size.
  init(folder: URL, header: CorpusHeader, options: CorpusOptions) {
    self.folder = folder
    self.header = header
    self.options = options
    shardCounts = [UInt32](repeating: 0, count: header.vocabSize)
    lengthHistogram = [Int](repeating: 0, count: options.maxLength + 1)
  }

  /// Adds a sequence: `[CLS]`, the body, `[SEP]`.
  ///
  /// - Throws: `ShardStoreError`.
  func append(body: ArraySlice<Int32>) throws {
    precondition(
      !body.isEmpty && body.count + 2 <= options.maxLength, "a body has its length's range")
    tokenIDs.append(header.specialTokens.classify)
    tokenIDs.append(contentsOf: body)
    tokenIDs.append(header.specialTokens.separator)
    let length = body.count + 2
    lengths.append(Int32(length))
    lengthHistogram[length] += 1
    sequences += 1
    tokens += length
    if lengths.count == CorpusLayout.blockSequences {
      try endBlock()
    }
  }

  /// Writes what is left and seals the last shard.
  ///
  /// - Returns: the digest of all tokenized content, in hexadecimal.
  /// - Throws: `ShardStoreError`.
  func finish() throws -> String {
    try endBlock()
    try sealShard()
    return Hexadecimal.text(digest.finalize())
  }

  private func endBlock() throws {
    guard !lengths.isEmpty else { return }
    let writer = try openShard()
    for id in tokenIDs {
      precondition(
        id >= 0 && Int(id) < header.vocabSize, "the tokenizer gave an ID outside its vocabulary")
      shardCounts[Int(id)] += 1
    }
    try writer.append(block: [
      NamedStream(
        name: CorpusLayout.lengthsStream,
        bytes: lengths.flatMap {
          [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)]
        }),
      NamedStream(
        name: CorpusLayout.idsStream,
        bytes: CorpusLayout.planes(
          tokenIDs.map { UInt32(bitPattern: $0) },
          width: CorpusLayout.idBytes(vocabSize: header.vocabSize))),
    ])
    digest.addBlock(lengths: lengths, tokenIDs: tokenIDs)
    shard.blocks += 1
    shard.sequences += lengths.count
    shard.tokens += tokenIDs.count
    lengths.removeAll(keepingCapacity: true)
    tokenIDs.removeAll(keepingCapacity: true)
    if shard.tokens >= options.shardTokens {
      try sealShard()
    }
  }

  private func openShard() throws -> ShardWriter {
    if let writer { return writer }
    let name = CorpusLayout.shardName(shards.count)
    let opened = try ShardWriter(
      folder: folder, name: name, metadata: header.metadata(shard: shards.count))
    writer = opened
    shard = CorpusManifest.Shard(name: name, sequences: 0, tokens: 0, blocks: 0, digest: "")
    return opened
  }

  private func sealShard() throws {
    guard let writer else { return }
    try writer.appendShardStream(
      NamedStream(
        name: CorpusLayout.countsStream, bytes: CorpusLayout.planes(shardCounts, width: 4)))
    shard.digest = try writer.seal().digest
    shards.append(shard)
    digest.endShard()
    unknownTokens += Int(shardCounts[Int(header.specialTokens.unknown)])
    shardCounts = [UInt32](repeating: 0, count: header.vocabSize)
    self.writer = nil
  }
}

/// What all shards of a corpus have in common.
struct CorpusHeader: Equatable {
  var tokenizerDigest: String
  var vocabSize: Int
  var specialTokens: CorpusManifest.SpecialTokenIDs
  var maxLength: Int

  /// The metadata of a shard file.
  func metadata(shard: Int) -> [String: String] {
    [
      "kind": "tokenized corpus", "corpus.formatVersion": "\(CorpusManifest.currentVersion)",
      "corpus.shard": "\(shard)", "corpus.tokenizerDigest": tokenizerDigest,
      "corpus.vocabSize": "\(vocabSize)", "corpus.maxLength": "\(maxLength)",
    ]
  }
}
