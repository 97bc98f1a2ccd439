import Foundation
import ShardStore

extension TokenizedCorpus {
  /// How often each ID occurs in the corpus, shape `[vocabSize]`.
  ///
  /// - Throws: `CorpusError.badBlock` (block -1 stands for the shard), `.shardMismatch`;
  ///   `ShardStoreError` for damaged storage.
  package func tokenCounts() throws -> [UInt64] {
    // The first shard's before the sum: a vocabulary that is only declared takes no memory.
    var total: [UInt64] = []
    for index in manifest.shards.indices {
      let counts = try tokenCounts(ofShard: index)
      if total.isEmpty { total = [UInt64](repeating: 0, count: counts.count) }
      for (id, count) in counts.enumerated() { total[id] += UInt64(count) }
    }
    return total
  }

  /// Reads everything and compares it with the manifest.
  ///
  /// - Parameter progress: Receives the number of blocks read, after each.
  /// - Throws: the first error of a block, or `CorpusError.digestMismatch`.
  package func verify(progress: (Int) -> Void = { _ in }) throws {
    let content = try content(progress: progress)
    let found = Hexadecimal.text(content.digest.finalize())
    guard found == manifest.digest else {
      throw CorpusError.digestMismatch(
        folder: folder.path, expected: manifest.digest, found: found)
    }
    func require(_ holds: Bool, _ reason: String) throws {
      if !holds {
        throw CorpusError.badManifest(
          file: folder.appending(path: CorpusManifest.fileName).path, reason: reason)
      }
    }
    try require(
      content.lengthHistogram == manifest.lengthHistogram,
      "the field lengthHistogram is not that of its sequences")
    let unknown = try tokenCounts()[Int(manifest.specialTokens.unknown)]
    try require(
      unknown == manifest.unknownTokens,
      "the field unknownTokens is \(manifest.unknownTokens), its shards have \(unknown)")
  }

  /// The digest of the shards of an unfinished corpus, each of which is checked.
  ///
  /// - Throws: as `block(_:)`.
  static func digest(
    ofShards shards: [CorpusManifest.Shard], folder: URL, header: CorpusHeader
  ) throws -> CorpusDigest {
    let manifest = CorpusManifest(
      formatVersion: CorpusManifest.currentVersion, tokenizerDigest: header.tokenizerDigest,
      vocabSize: header.vocabSize, specialTokens: header.specialTokens,
      options: CorpusOptions(maxLength: header.maxLength), sources: [], documents: 0,
      emptyDocuments: 0, sequences: 0, tokens: 0, unknownTokens: 0, repairedUTF8: 0,
      lengthHistogram: [], shards: shards, digest: "")
    return try TokenizedCorpus(folder: folder, manifest: manifest).content { _ in }.digest
  }

  /// Reads every block, and compares the IDs of each shard with its counts.
  private func content(
    progress: (Int) -> Void
  ) throws -> (digest: CorpusDigest, lengthHistogram: [Int]) {
    var digest = CorpusDigest()
    var histogram = [Int](repeating: 0, count: manifest.maxLength + 1)
    for (index, shard) in manifest.shards.enumerated() {
      var counts = try tokenCounts(ofShard: index)
      for local in 0..<shard.blocks {
        let block = try block(firstBlocks[index] + local)
        digest.addBlock(lengths: block.lengths, tokenIDs: block.tokenIDs)
        for length in block.lengths { histogram[Int(length)] += 1 }
        // Counts wrap and are compared at the end, where each has to be 0.
        for id in block.tokenIDs { counts[Int(id)] &-= 1 }
        progress(firstBlocks[index] + local + 1)
      }
      if let id = counts.firstIndex(where: { $0 != 0 }) {
        throw CorpusError.badBlock(
          shard: shard.name, block: -1, stream: CorpusLayout.countsStream,
          reason: "its number for the token ID \(id) is not that of the shard's sequences")
      }
      digest.endShard()
    }
    return (digest, histogram)
  }

  /// How often each ID occurs in a shard.
  private func tokenCounts(ofShard index: Int) throws -> [UInt32] {
    let shard = manifest.shards[index]
    let bytes = try reader(index).shardStream(CorpusLayout.countsStream)
    func bad(_ reason: String) -> CorpusError {
      .badBlock(shard: shard.name, block: -1, stream: CorpusLayout.countsStream, reason: reason)
    }
    guard bytes.count == 4 * manifest.vocabSize else {
      throw bad("it has \(bytes.count) bytes, not 4 for each of \(manifest.vocabSize) IDs")
    }
    let counts = CorpusLayout.values(planes: bytes, width: 4)
    let sum = counts.reduce(0) { $0 + UInt64($1) }
    guard sum == UInt64(shard.tokens) else {
      throw bad("it adds up to \(sum), the shard has \(shard.tokens) tokens")
    }
    return counts
  }
}
