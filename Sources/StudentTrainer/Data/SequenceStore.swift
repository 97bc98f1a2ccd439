package import Corpus

/// Original IDs of single sequences, from the blocks of a collection.
package final class SequenceStore: Sendable {
  private let blocks: BlockCache<Int, SequenceBlock>

  /// Reads from a collection, keeping at most `capacity` blocks in memory.
  package init(sequences: any SequenceCollection, capacity: Int) {
    blocks = BlockCache(capacity: capacity) { try sequences.block($0) }
  }

  /// The original IDs of a sequence.
  ///
  /// - Throws: what reading the corpus throws.
  package func ids(_ reference: SequenceReference) throws -> ArraySlice<Int32> {
    try blocks.value(reference.block).sequence(reference.index)
  }
}
