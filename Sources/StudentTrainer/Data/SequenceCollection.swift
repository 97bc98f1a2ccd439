package import Corpus
package import LogitCache

/// Tokenized sequences in numbered blocks: a corpus, or the copy of it that a cache keeps.
package protocol SequenceCollection: Sendable {
  /// Number of blocks.
  var blockCount: Int { get }
  /// Tokens of each sequence of a block.
  func lengths(block: Int) throws -> [Int32]
  /// The original sequences of a block.
  func block(_ block: Int) throws -> SequenceBlock
  /// Occurrences of each vocabulary ID, shape `[vocab]`.
  func tokenCounts() throws -> [UInt64]
}

extension TokenizedCorpus: SequenceCollection {}

/// The original sequences that a cache keeps beside its targets, so that it can be trained from alone.
package struct CachedSequences: SequenceCollection {
  private let reader: CacheReader

  /// The sequences of a cache.
  package init(_ reader: CacheReader) { self.reader = reader }

  /// Number of blocks.
  package var blockCount: Int { reader.blockCount }

  /// Tokens of each sequence of a block.
  package func lengths(block: Int) throws -> [Int32] { try reader.lengths(block: block) }

  /// The original sequences of a block; the same under every replica.
  package func block(_ block: Int) throws -> SequenceBlock {
    let options = ReadOptions(wantsHead: false, wantsTail: false, wantsStates: false)
    let targets = try reader.readBlock(block, replica: 0, options: options)
    return SequenceBlock(lengths: targets.lengths, tokenIDs: targets.tokenIDs)
  }

  /// Occurrences of each vocabulary ID, from one pass over the sequences; what an incomplete cache
  /// keeps for this.
  package func tokenCounts() throws -> [UInt64] {
    if let kept = try reader.keptTokenCounts() { return kept }
    var counts = [UInt64](repeating: 0, count: reader.specification.vocabSize)
    for number in 0..<blockCount {
      for id in try block(number).tokenIDs { counts[Int(id)] += 1 }
    }
    return counts
  }
}

extension SequenceCollection {
  /// The counts of IDs where a specification weights masks by them, else nil.
  func tokenCountsIfNeeded(_ masks: MaskSpecification) throws -> [UInt64]? {
    masks.frequencyExponent > 0 ? try tokenCounts() : nil
  }
}
