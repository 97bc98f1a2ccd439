import Corpus
import Testing

@Suite struct BatchOrderTests {
  /// 101 blocks of 1 to 128 sequences of 3 to 128 tokens.
  static let lengths: [[Int32]] = (0..<101).map { block in
    (0..<1 + CounterRandom.below(128, CounterRandom.mix(UInt64(block)))).map { index in
      3 + Int32(CounterRandom.below(126, CounterRandom.combine(UInt64(block), UInt64(index))))
    }
  }

  static func order(
    seed: UInt64 = 5, epoch: Int = 0, batchTokens: Int = 2_048, windowBlocks: Int = 8
  ) -> BatchOrder {
    BatchOrder(
      blockCount: lengths.count, seed: seed, epoch: epoch, batchTokens: batchTokens,
      windowBlocks: windowBlocks
    ) { lengths[$0] }
  }

  static func all(_ order: BatchOrder) throws -> [[SequenceReference]] {
    var order = order
    var batches: [[SequenceReference]] = []
    while let batch = try order.next() {
      batches.append(batch)
    }
    return batches
  }

  @Test func everySequenceComesOnceWithinTheBudget() throws {
    for (budget, window) in [(128, 1), (500, 8), (2_048, 32), (100_000, 200)] {
      let batches = try Self.all(Self.order(batchTokens: budget, windowBlocks: window))
      let visited = batches.flatMap { $0 }
      #expect(visited.count == Self.lengths.reduce(0) { $0 + $1.count })
      #expect(Set(visited).count == visited.count)
      #expect(visited.allSatisfy { Self.lengths[$0.block].indices.contains($0.index) })
      for batch in batches {
        #expect(!batch.isEmpty)
        #expect(batch.reduce(0) { $0 + Int(Self.lengths[$1.block][$1.index]) } <= budget)
      }
    }
  }

  @Test func batchesHoldSequencesOfLikeLength() throws {
    let batches = try Self.all(Self.order(windowBlocks: 32))
    let spreads = batches.map { batch in
      let lengths = batch.map { Self.lengths[$0.block][$0.index] }
      return (lengths.max() ?? 0) - (lengths.min() ?? 0)
    }
    // A batch is a sixtieth or so of a window whose lengths span 126; unsorted it would span nearly
    // all of them.
    #expect(Double(spreads.reduce(0) { $0 + Int($1) }) / Double(spreads.count) < 10)
    let means = batches.map { 2_048 / $0.count }
    #expect(means != means.sorted(), "batches of a window are shuffled")
  }

  @Test func theOrderIsAFunctionOfSeedAndEpoch() throws {
    let first = try Self.all(Self.order())
    #expect(try Self.all(Self.order()) == first)
    #expect(try Self.all(Self.order(seed: 6)) != first)
    #expect(try Self.all(Self.order(epoch: 1)) != first)
    #expect(try Self.all(Self.order(epoch: 1)) != Self.all(Self.order(epoch: 2)))
  }

  @Test func anEpochResumesAtAnyBatch() throws {
    let all = try Self.all(Self.order())
    #expect(try Self.order().batchCount() == all.count)
    for index in 0...all.count {
      var order = Self.order()
      try order.seek(to: index)
      #expect(order.batchIndex == index)
      #expect(try order.next() == (index < all.count ? all[index] : nil))
    }
    var order = Self.order()
    try order.seek(to: all.count + 5)
    #expect(order.batchIndex == all.count)
    #expect(try order.next() == nil)
    for index in [40, 3, 3, 0, all.count - 1] {
      try order.seek(to: index)
      #expect(try order.next() == all[index])
    }
  }

  @Test func aSequenceThatFitsNoBatchIsNamed() throws {
    var order = BatchOrder(blockCount: 1, seed: 0, epoch: 0, batchTokens: 50) { _ in [3, 51] }
    #expect(
      throws: CorpusError.sequenceExceedsBatch(block: 0, index: 1, tokens: 51, batchTokens: 50)
    ) { try order.next() }
  }

  @Test func errorsOfTheReaderLeaveThePlaceUnchanged() throws {
    struct Failure: Error {}
    final class Disk: @unchecked Sendable {
      // Only this test's thread uses it.
      var isBroken = true
    }
    let disk = Disk()
    var order = BatchOrder(blockCount: 3, seed: 0, epoch: 0, batchTokens: 50, windowBlocks: 1) {
      _ in
      if disk.isBroken { throw Failure() }
      return [10]
    }
    #expect(throws: Failure.self) { try order.next() }
    disk.isBroken = false
    #expect(try Self.all(order).count == 3)
  }

  @Test func anEmptyCorpusHasNoBatch() throws {
    var order = BatchOrder(blockCount: 0, seed: 0, epoch: 0, batchTokens: 50) { _ in [] }
    #expect(try order.next() == nil)
    #expect(try order.batchCount() == 0)
  }
}
