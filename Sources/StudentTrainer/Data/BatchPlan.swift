package import Corpus
import Synchronization

/// Which sequences are in which batch: shared by all sources, so that runs of one seed compare.
package final class BatchPlan: Sendable {
  private let sequences: any SequenceCollection
  private let seed: UInt64
  private let batchTokens: Int
  private let windowBlocks: Int
  private let current = Mutex<(epoch: Int, order: BatchOrder)?>(nil)

  /// A plan over sequences with the order's numbers of a configuration.
  package init(sequences: any SequenceCollection, configuration: TrainingConfiguration) {
    self.sequences = sequences
    seed = configuration.seed
    batchTokens = configuration.batchTokens
    windowBlocks = configuration.windowBlocks
  }

  /// The sequences of a batch, or nil past the last one of the epoch.
  ///
  /// - Throws: what `BatchOrder` throws.
  package func sequences(epoch: Int, index: Int) throws -> [SequenceReference]? {
    try current.withLock { current in
      var order = current.flatMap { $0.epoch == epoch ? $0.order : nil } ?? order(epoch: epoch)
      if order.batchIndex != index { try order.seek(to: index) }
      let batch = try order.next()
      current = (epoch, order)
      return batch
    }
  }

  /// Number of batches of an epoch.
  ///
  /// - Throws: what `BatchOrder` throws.
  package func batchCount(epoch: Int) throws -> Int {
    try order(epoch: epoch).batchCount()
  }

  /// Sequences of each batch of an epoch.
  ///
  /// - Throws: what `BatchOrder` throws.
  package func sequenceCounts(epoch: Int) throws -> [Int] {
    var order = order(epoch: epoch)
    var counts: [Int] = []
    while let batch = try order.next() { counts.append(batch.count) }
    return counts
  }

  /// Tokens of the longest sequence.
  ///
  /// - Throws: what reading the lengths throws.
  package func longestSequence() throws -> Int {
    try (0..<sequences.blockCount).reduce(1) { longest, block in
      try max(longest, Int(sequences.lengths(block: block).max() ?? 1))
    }
  }

  private func order(epoch: Int) -> BatchOrder {
    let sequences = sequences
    return BatchOrder(
      blockCount: sequences.blockCount, seed: seed, epoch: epoch, batchTokens: batchTokens,
      windowBlocks: windowBlocks, lengths: { try sequences.lengths(block: $0) })
  }
}
