package import Corpus

/// Original IDs of single sequences, from the blocks of a corpus.
package final class SequenceStore: Sendable {
  private struct IndexedBlock: Sendable {
    let starts: [Int]
    let tokenIDs: [Int32]
  }

  private let blocks: BlockCache<Int, IndexedBlock>

  /// Reads from a corpus, keeping at most `capacity` blocks in memory.
  package init(corpus: TokenizedCorpus, capacity: Int) {
    blocks = BlockCache(capacity: capacity) { number in
      let block = try corpus.block(number)
      var starts = [0]
      starts.reserveCapacity(block.lengths.count + 1)
      for length in block.lengths { starts.append(starts[starts.count - 1] + Int(length)) }
      return IndexedBlock(starts: starts, tokenIDs: block.tokenIDs)
    }
  }

  /// The original IDs of a sequence.
  ///
  /// - Throws: what reading the corpus throws.
  package func ids(_ reference: SequenceReference) throws -> ArraySlice<Int32> {
    let block = try blocks.value(reference.block)
    precondition(
      reference.index >= 0 && reference.index + 1 < block.starts.count,
      "sequence \(reference.index) of a block of \(block.starts.count - 1)")
    return block.tokenIDs[block.starts[reference.index]..<block.starts[reference.index + 1]]
  }
}
