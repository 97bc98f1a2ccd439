/// Names one sequence of a tokenized corpus.
package struct SequenceReference: Hashable, Sendable {
  /// Global number of the block, from 0.
  package let block: Int
  /// Number of the sequence in its block, from 0.
  package let index: Int

  /// Names the sequence `index` of a block.
  package init(block: Int, index: Int) {
    self.block = block
    self.index = index
  }
}

/// The order in which one epoch visits a corpus: a function of seed, epoch and block lengths only.
///
/// Blocks are shuffled; windows of `windowBlocks` consecutive blocks are pooled; the sequences of a
/// window are sorted by length (ties by a hash), cut into batches of at most `batchTokens` tokens,
/// and the batches shuffled. Every sequence comes exactly once. Windows are made one at a time, so
/// memory is that of one window, and only lengths are read.
///
///     var order = BatchOrder(blockCount: corpus.blockCount, seed: 1, epoch: 0, batchTokens: 8192) {
///       try corpus.lengths(block: $0)
///     }
///     while let batch = try order.next() { … }
///
/// A value; a copy goes on from the same place independently.
package struct BatchOrder: Sendable {
  /// Tokens of a batch, at most.
  package let batchTokens: Int
  /// Blocks that are pooled and sorted by length together.
  package let windowBlocks: Int
  /// Number of the batch that `next()` returns, counted from 0 within the epoch.
  package private(set) var batchIndex = 0

  private let key: UInt64
  private let blocks: [Int]
  private let lengths: @Sendable (Int) throws -> [Int32]
  private var nextBlock = 0
  private var window: [[SequenceReference]] = []
  private var indexInWindow = 0

  /// Prepares an epoch; nothing is read yet.
  ///
  /// - Parameters:
  ///   - blockCount: Blocks of the corpus.
  ///   - seed: Any number; another seed gives another order.
  ///   - epoch: Counted from 0.
  ///   - batchTokens: Tokens of a batch at most; not less than the longest sequence.
  ///   - windowBlocks: Blocks pooled at a time; more group lengths better and need more memory.
  ///   - lengths: The lengths of the sequences of a block, in tokens.
  /// - Precondition: counts are positive (`blockCount` may be 0).
  package init(
    blockCount: Int, seed: UInt64, epoch: Int, batchTokens: Int, windowBlocks: Int = 32,
    lengths: @escaping @Sendable (Int) throws -> [Int32]
  ) {
    precondition(blockCount >= 0 && epoch >= 0, "blocks and epochs are counted from 0")
    precondition(batchTokens > 0 && windowBlocks > 0, "a batch and a window hold something")
    self.batchTokens = batchTokens
    self.windowBlocks = windowBlocks
    self.lengths = lengths
    key = CounterRandom.combine(CounterRandom.mix(seed), UInt64(epoch))
    var order = Array(0..<blockCount)
    CounterRandom.shuffle(&order, key: CounterRandom.combine(key, 0x626C_6F63_6B73))
    blocks = order
  }

  /// The next batch, or nil at the end of the epoch.
  ///
  /// - Throws: `CorpusError.sequenceExceedsBatch`, or what reading the lengths throws; the place in
  ///   the epoch is then unchanged.
  package mutating func next() throws -> [SequenceReference]? {
    guard try fillWindow() else { return nil }
    let batch = window[indexInWindow]
    indexInWindow += 1
    batchIndex += 1
    return batch
  }

  /// Goes to a batch of the epoch, forward or back, so that `next()` returns it.
  ///
  /// - Parameter batchIndex: Counted from 0; past the last batch the epoch is at its end.
  /// - Throws: as `next()`.
  /// - Complexity: reads the lengths of the blocks passed over, nothing else.
  package mutating func seek(to batchIndex: Int) throws {
    precondition(batchIndex >= 0, "batches are counted from 0")
    if batchIndex < self.batchIndex {
      self.batchIndex = 0
      nextBlock = 0
      window = []
      indexInWindow = 0
    }
    while self.batchIndex < batchIndex, try fillWindow() {
      let step = min(window.count - indexInWindow, batchIndex - self.batchIndex)
      indexInWindow += step
      self.batchIndex += step
    }
  }

  /// Number of batches of the whole epoch.
  ///
  /// - Throws: as `next()`.
  /// - Complexity: reads every block's lengths once.
  package func batchCount() throws -> Int {
    var scan = self
    try scan.seek(to: Int.max)
    return scan.batchIndex
  }

  /// Makes the next window where the present one is used up; false at the end of the epoch.
  private mutating func fillWindow() throws -> Bool {
    while indexInWindow == window.count {
      guard nextBlock < blocks.count else { return false }
      let end = min(nextBlock + windowBlocks, blocks.count)
      window = try makeWindow(nextBlock..<end)
      nextBlock = end
      indexInWindow = 0
    }
    return true
  }

  /// The batches of one window, in the order they are visited.
  private func makeWindow(_ range: Range<Int>) throws -> [[SequenceReference]] {
    struct Candidate {
      let length: Int
      let tieBreak: UInt64
      let reference: SequenceReference
    }
    var candidates: [Candidate] = []
    for block in blocks[range] {
      for (index, length) in try lengths(block).enumerated() {
        guard length >= 0, Int(length) <= batchTokens else {
          throw CorpusError.sequenceExceedsBatch(
            block: block, index: index, tokens: Int(length), batchTokens: batchTokens)
        }
        let tieBreak = CounterRandom.combine(
          CounterRandom.combine(key, UInt64(block)), UInt64(index))
        candidates.append(
          Candidate(
            length: Int(length), tieBreak: tieBreak,
            reference: SequenceReference(block: block, index: index)))
      }
    }
    candidates.sort {
      ($0.length, $0.tieBreak, $0.reference.block, $0.reference.index)
        < ($1.length, $1.tieBreak, $1.reference.block, $1.reference.index)
    }
    var batches: [[SequenceReference]] = []
    var batch: [SequenceReference] = []
    var tokens = 0
    for candidate in candidates {
      if !batch.isEmpty && tokens + candidate.length > batchTokens {
        batches.append(batch)
        batch = []
        tokens = 0
      }
      batch.append(candidate.reference)
      tokens += candidate.length
    }
    if !batch.isEmpty {
      batches.append(batch)
    }
    CounterRandom.shuffle(
      &batches, key: CounterRandom.combine(key, 0x77_696E_646F_7700 &+ UInt64(range.lowerBound)))
    return batches
  }
}
