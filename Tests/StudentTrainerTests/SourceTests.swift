import Corpus
import Foundation
import Kernels
import StudentTrainer
import Testing
import Transformer

struct SourceTests {
  let world: TinyWorld

  init() throws { world = try TinyWorld(sequences: 400, shardTokens: 1500) }

  func configuration() -> TrainingConfiguration {
    var configuration = TinyWorld.configuration()
    configuration.alphaCos = 1
    return configuration
  }

  static func teacher() -> MaskedLanguageModel {
    TinyWorld.model(seed: 50, layers: 2, architecture: .bert)
  }

  @Test("every source visits every sequence of an epoch once")
  func everySequence() throws {
    let source = try CorpusBatchSource(
      corpus: world.corpus, masks: world.masks(), configuration: configuration())
    for epoch in 0..<2 {
      let batches = try allBatches(source, epoch: epoch)
      #expect(try source.batchCount(epoch: epoch) == batches.count)
      let references = batches.flatMap(\.references)
      #expect(references.count == 400 && Set(references).count == 400)
      #expect(batches.allSatisfy { $0.packed.tokenCount <= 256 })
    }
  }

  @Test("labels are the original IDs of masked tokens, replicas follow the epoch")
  func labels() throws {
    let source = try CorpusBatchSource(
      corpus: world.corpus, masks: world.masks(replicas: 2), configuration: configuration())
    let masker = try Masker(world.masks(replicas: 2))
    for epoch in 0..<3 {
      let batch = try #require(try source.batch(epoch: epoch, index: 1))
      var expected: (rows: [Int32], labels: [Int32]) = ([], [])
      for (number, reference) in batch.references.enumerated() {
        let ids = try world.corpus.block(reference.block).sequence(reference.index)
        let (corrupted, positions) = masker.corrupt(ids, replica: epoch % 2)
        let start = batch.packed.sequenceStarts[number]
        #expect(
          Array(batch.packed.tokenIDs[Int(start)..<Int(start) + corrupted.count]) == corrupted)
        expected.rows += positions.map { $0 + start }
        expected.labels += positions.map { ids[ids.startIndex + Int($0)] }
      }
      #expect(batch.rows == expected.rows && batch.labels == expected.labels)
      #expect(batch.softIndexes.allSatisfy { $0 == -1 })
    }
  }

  @Test("online and hard-label sources see the same batches")
  func sameBatches() throws {
    let hard = try CorpusBatchSource(
      corpus: world.corpus, masks: world.masks(), configuration: configuration())
    for positions in [OnlineTeacherSource.Positions.masked, .all] {
      let online = try OnlineTeacherSource(
        teacher: Self.teacher(), corpus: world.corpus, masks: world.masks(), positions: positions,
        configuration: configuration())
      for (left, right) in zip(try allBatches(hard), try allBatches(online)) {
        #expect(left.packed.tokenIDs == right.packed.tokenIDs)
        #expect(left.references == right.references)
        let labelled = right.rows.indices.filter { right.labels[$0] >= 0 }
        #expect(left.rows == labelled.map { right.rows[$0] })
        #expect(left.labels == labelled.map { right.labels[$0] })
        #expect(right.rows.count == (positions == .all ? right.packed.tokenCount : left.rows.count))
      }
    }
  }

  @Test("the online teacher gives its logits and states at the rows")
  func onlineTargets() throws {
    var configuration = configuration()
    configuration.alphaCE = 5
    let source = try OnlineTeacherSource(
      teacher: Self.teacher(), corpus: world.corpus, masks: world.masks(), positions: .masked,
      configuration: configuration)
    let batch = try #require(try source.batch(epoch: 0, index: 0))
    guard case .logits(let targets) = batch.softTargets else { throw Interruption() }
    let states = try #require(batch.teacherStates)
    let direct = Self.teacher()
    direct.encode(batch.packed, training: false)
    for (index, row) in batch.rows.enumerated() {
      let hidden = Array(direct.lastHiddenStates.row(Int(row)))
      #expect(hidden == Array(states.values[index * 16..<(index + 1) * 16]))
    }
    direct.forEachLogitChunk(rows: batch.rows) { range, logits, _ in
      #expect(Array(targets.matrix.rows(range).elements) == Array(logits.elements))
    }
  }

  @Test("masks of another vocabulary are refused")
  func otherVocabulary() throws {
    var masks = world.masks()
    masks.vocabSize = 63
    #expect(throws: StudentTrainerError.self) {
      try CorpusBatchSource(corpus: world.corpus, masks: masks, configuration: configuration())
    }
  }
}

struct PrefetcherTests {
  func batches(_ count: Int) -> [TrainingBatch] {
    (0..<count).map { number in
      TrainingBatch(
        packed: PackedBatch(tokenIDs: [Int32(number)], sequenceStarts: [0, 1]), references: [],
        rows: [], labels: [], softIndexes: [])
    }
  }

  @Test("batches come in order, epoch after epoch, from any place", arguments: [true, false])
  func order(runsAhead: Bool) throws {
    let source = FixedSource(batches: batches(3), runsAhead: runsAhead)
    let prefetcher = Prefetcher(source: source, epoch: 1, index: 2, capacity: 2)
    let places = try (0..<5).map { _ in
      let item = try prefetcher.next()
      #expect(Int(item.batch.packed.tokenIDs[0]) == item.index)
      return [item.epoch, item.index]
    }
    #expect(places == [[1, 2], [2, 0], [2, 1], [2, 2], [3, 0]])
  }

  @Test("no more batches are made ahead than the bound allows")
  func bound() throws {
    let counter = CountingSource(batches: batches(100))
    let prefetcher = Prefetcher(source: counter, epoch: 0, index: 0, capacity: 3)
    _ = try prefetcher.next()
    // One taken, three waiting, one made and held until there is room.
    let deadline = ContinuousClock.now + .seconds(20)
    while counter.count < 5 && ContinuousClock.now < deadline {
      Thread.sleep(forTimeInterval: 0.01)
    }
    Thread.sleep(forTimeInterval: 0.1)
    #expect(counter.count == 5)
    prefetcher.stop()
  }

  @Test("waiting is measured, and a source without batches is an error")
  func waiting() throws {
    let slow = FixedSource(batches: batches(2), runsAhead: true, delaySeconds: 0.05)
    let prefetcher = Prefetcher(source: slow, epoch: 0, index: 0, capacity: 2)
    // On a busy machine this thread may come later than some of the batches, but not than all.
    for _ in 0..<40 where prefetcher.waitedSeconds <= 0.01 { _ = try prefetcher.next() }
    #expect(prefetcher.waitedSeconds > 0.01)
    let empty = Prefetcher(
      source: FixedSource(batches: [], runsAhead: true), epoch: 0, index: 0, capacity: 2)
    #expect(throws: StudentTrainerError.self) { try empty.next() }
    #expect(throws: StudentTrainerError.self) { try empty.next() }
  }
}
