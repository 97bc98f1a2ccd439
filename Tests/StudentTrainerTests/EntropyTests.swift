import Foundation
import Kernels
import LogitCache
import StudentTrainer
import TestSupport
import Testing
import Transformer

/// The teacher's entropy from what a cache keeps, and training on the positions where it is high.
struct EntropyTests {
  static let vocab = 30_522

  /// The definition, in double precision.
  static func entropy(_ logits: [Float]) -> Double {
    let most = Double(logits.max() ?? 0)
    let weights = logits.map { exp(Double($0) - most) }
    let sum = weights.reduce(0, +)
    return -weights.reduce(0) { $1 > 0 ? $0 + $1 / sum * log($1 / sum) : $0 }
  }

  /// Rows as a teacher gives them: a prior by rank, noise, and candidates of some height.
  static func rows() -> [[Float]] {
    var generator = SplitMix64(seed: 17)
    return (0..<24).map { number in
      var row = (0..<vocab).map {
        -log(Float($0 + 3)) + Float(1.8 * generator.nextNormal()) - 4
      }
      for candidate in 0..<number {
        row[Int.random(in: 0..<vocab, using: &generator)] +=
          Float(number % 8) * 1.7 - 0.4 * Float(candidate)
      }
      return row
    }
  }

  /// The entropies of a row from a head of k with all five scalars, three partitions, and two.
  static func estimates(_ row: [Float], k: Int) -> [Double] {
    var (ids, values) = ([Int32](repeating: 0, count: k), [Float](repeating: 0, count: k))
    let tail = row.withUnsafeBufferPointer { row in
      ids.withUnsafeMutableBufferPointer { ids in
        values.withUnsafeMutableBufferPointer {
          SoftTargetSelection.select(row, ids: ids, values: $0)
        }
      }
    }
    guard let tail else { return [] }
    // As a cache keeps them: logits in steps of 1/16, scalars in their units.
    let head = values.map { -((values[0] - $0) * 16).rounded() / 16 }
    let count = row.count - k
    let all = TailCode.scalars(TailCode.integers(tail, count: 5))[0]
    let kept = TailCode.integers(tail, count: 3).map { Double($0) / 256 }
    func entropy(_ one: Double, _ slope: Double) -> Double {
      TeacherEntropy.entropy(head: head, logPartition: one, slope: slope, tailCount: count)
    }
    return [
      entropy(all.logPartition, all.slope),
      entropy(
        kept[0],
        TeacherEntropy.slope(
          one: kept[0], half: kept[1], threeQuarters: kept[2], tailCount: count)),
      entropy(
        kept[0],
        TeacherEntropy.slope(one: kept[0], half: kept[1], threeQuarters: nil, tailCount: count)),
    ]
  }

  @Test("a whole row's entropy is the definition's")
  func wholeRows() {
    for row in Self.rows() {
      let found = row.withUnsafeBufferPointer { TeacherEntropy.entropy($0) }
      // The kernel's sums are within 1e-6 of entropies up to 10.
      #expect(abs(found - Self.entropy(row)) < 2e-5)
    }
    let even = [Float](repeating: 3, count: 1000)
    #expect(abs(even.withUnsafeBufferPointer { TeacherEntropy.entropy($0) } - log(1000)) < 1e-5)
  }

  /// Errors of each kind of estimate over some rows.
  static func errors(_ rows: [[Float]]) -> [[Double]] {
    var errors: [[Double]] = [[], [], []]
    for row in rows {
      let expected = entropy(row)
      for (index, found) in estimates(row, k: 16).enumerated() {
        errors[index].append(abs(found - expected))
      }
    }
    return errors
  }

  @Test(
    "a real teacher's entropies come near, too",
    .enabled(if: SharedFixtures.available, "skipped: ../shared is missing"))
  func realRows() throws {
    let url = try #require(SharedFixtures.url("models/minilm-mlm/expected.safetensors"))
    let tensors = try Safetensors(url: url)
    let all = try tensors.floats("masked_logits")
    let rows = stride(from: 0, to: all.count, by: Self.vocab).map {
      Array(all[$0..<$0 + Self.vocab])
    }
    #expect(rows.count == 6)
    let errors = Self.errors(rows)
    // Of entropies from 3.8 to 6.8: found 0.009 with the slope, 0.13 with three log-partitions (whose
    // cubic is a little too low everywhere, which moves no order) and 0.15 with two.
    #expect((errors[0].max() ?? 1) < 0.02)
    #expect((errors[1].max() ?? 1) < 0.2 && (errors[2].max() ?? 1) < 0.25)
  }

  @Test("what a cache keeps tells the entropy: exactly with slopes, nearly with partitions")
  func estimates() {
    let errors = Self.errors(Self.rows())
    #expect(errors[0].count == 24)
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    // With the slope only the rounding of a head in steps of 1/16 and of a slope in 1/32 is left.
    #expect((errors[0].max() ?? 1) < 0.02)
    // A polynomial's slope at 1 takes rounding of 1/512 up to 22 times (two partitions: 7), and what
    // it cannot follow; found 0.07 and 0.05.
    #expect((errors[1].max() ?? 1) < 0.12 && mean(errors[1]) < 0.05)
    #expect((errors[2].max() ?? 1) < 0.12 && mean(errors[2]) < 0.05)
  }

  @Test("the share of the highest is taken, of equal ones the first, and one at least")
  func choice() {
    #expect(RowChoice.top(0.5, of: [1, 3, 2, 0]) == [false, true, true, false])
    #expect(RowChoice.top(0.3, of: [2, 2, 2, 2]) == [true, true, false, false])
    #expect(RowChoice.top(0.01, of: [0, 0, 1]) == [false, false, true])
    #expect(RowChoice.top(1, of: [1, 2]) == [true, true])
    #expect(RowChoice.top(0.2, of: []) == [])
  }
}

/// Batches and runs on the positions of the highest entropy.
struct TopEntropyTests {
  let world: TinyWorld
  let folder: TemporaryFolder

  init() throws {
    world = try TinyWorld()
    folder = try TemporaryFolder()
  }

  func configuration(share: Double? = 0.2) -> TrainingConfiguration {
    var configuration = TinyWorld.configuration()
    configuration.alphaCE = 5
    configuration.alphaMLM = 2
    configuration.alphaCos = 1
    configuration.positionsTopEntropy = share
    return configuration
  }

  func online(_ configuration: TrainingConfiguration) throws -> OnlineTeacherSource {
    try OnlineTeacherSource(
      teacher: CacheSourceTests.teacher(), corpus: world.corpus, masks: world.masks(),
      positions: .all, configuration: configuration)
  }

  func cache(_ target: TargetSpecification, name: String = "cache") throws -> CacheReader {
    var options = TinyCache.Options()
    options.target = target
    options.positions = .all
    return try TinyCache.make(
      world, teacher: CacheSourceTests.teacher(), masks: world.masks(), options: options,
      in: folder.url.appending(path: name))
  }

  /// Tokens of a batch that have a soft target.
  func chosen(_ batch: TrainingBatch) -> Set<Int32> {
    Set(zip(batch.rows, batch.softIndexes).filter { $0.1 >= 0 }.map(\.0))
  }

  @Test(
    "the online teacher's batch has targets and states where its entropy is highest, labels everywhere"
  )
  func onlineRows() throws {
    let all = try #require(try online(configuration(share: nil)).batch(epoch: 0, index: 0))
    let batch = try #require(try online(configuration()).batch(epoch: 0, index: 0))
    guard case .logits(let logits) = all.softTargets, case .logits(let few) = batch.softTargets
    else { throw Interruption() }
    let entropies = (0..<logits.rows).map { EntropyTests.entropy(Array(logits.matrix.row($0))) }
    let count = Int((0.2 * Double(logits.rows)).rounded(.up))
    let least = entropies.sorted(by: >)[count - 1]
    let expected = all.rows.indices.filter { entropies[$0] >= least }
    #expect(chosen(batch) == Set(expected.map { all.rows[$0] }))
    #expect(few.rows == count)
    #expect(Array(few.matrix.row(0)) == Array(logits.matrix.row(expected[0])))
    #expect(batch.teacherStates?.rows == expected.map { all.rows[$0] })
    // Every masked token still has its label, and no row is there for nothing.
    func labelled(_ batch: TrainingBatch) -> [Int32] {
      zip(batch.rows, batch.labels).filter { $0.1 >= 0 }.map(\.0)
    }
    #expect(labelled(batch) == labelled(all))
    #expect(zip(batch.labels, batch.softIndexes).allSatisfy { $0 >= 0 || $1 >= 0 })
    #expect(batch.rows.count < all.rows.count)
  }

  @Test(
    "caches choose the positions that the teacher itself would, but for a few",
    arguments: [
      TargetSpecification(headK: 0, tail: .hidden), TargetSpecification(headK: 8, tail: .scalars),
      TargetSpecification(headK: 8, tail: .lowrank, rank: 8),
    ])
  func cacheRows(target: TargetSpecification) throws {
    let cached = try CacheBatchSource(reader: cache(target), configuration: configuration())
    let online = try online(configuration())
    var (same, sum) = (0, 0)
    for (left, right) in zip(try allBatches(cached), try allBatches(online)) {
      #expect(chosen(left).count == chosen(right).count)
      #expect(left.teacherStates?.rows.count == chosen(left).count)
      same += chosen(left).intersection(chosen(right)).count
      sum += chosen(right).count
    }
    // Random rows of 64 tokens differ little in entropy, so rounding moves some across the border.
    #expect(Double(same) > 0.85 * Double(sum))
  }

  @Test("an ensemble chooses by the mean of its members' entropies, the same rows in each")
  func ensemble() throws {
    let first = try cache(TargetSpecification(headK: 8, tail: .scalars), name: "a")
    let second = try cache(TargetSpecification(headK: 0, tail: .hidden), name: "b")
    let source = try EnsembleBatchSource(
      readers: [first, second], configuration: configuration())
    let batch = try #require(try source.batch(epoch: 0, index: 0))
    let single = try #require(
      try CacheBatchSource(reader: second, configuration: configuration())
        .batch(epoch: 0, index: 0))
    #expect(chosen(batch).count == chosen(single).count)
    #expect(chosen(batch).intersection(chosen(single)).count > chosen(single).count * 8 / 10)
    _ = try DistillationObjective(configuration()).accumulate(
      batch, model: TinyWorld.model(seed: 5), counts: LossCounts(batch))
  }

  @Test("rows that no loss needs are left out, and change neither loss nor gradient")
  func unneededRows() throws {
    var configuration = configuration()
    configuration.alphaCos = 0
    let batch = try #require(try online(configuration).batch(epoch: 0, index: 0))
    func run(_ batch: TrainingBatch) throws -> (LossSums, [Float]) {
      let model = TinyWorld.model(seed: 5)
      let sums = try DistillationObjective(configuration).accumulate(
        batch, model: model, counts: LossCounts(batch))
      return (sums, Array(model.gradients.elements))
    }
    // The same batch with rows at all other tokens, which neither loss names.
    var padded = batch
    let tokens = (0..<Int32(batch.packed.tokenCount))
    let places = Dictionary(
      uniqueKeysWithValues: batch.rows.enumerated().map { ($1, $0) })
    padded.rows = Array(tokens)
    padded.labels = tokens.map { places[$0].map { batch.labels[$0] } ?? -1 }
    padded.softIndexes = tokens.map { places[$0].map { batch.softIndexes[$0] } ?? -1 }
    #expect(padded.rows.count > batch.rows.count)
    let (left, right) = (try run(batch), try run(padded))
    #expect(left.0 == right.0 && left.1 == right.1)
  }

  @Test("sampled targets, which tell no entropy, are refused")
  func sampled() throws {
    let reader = try cache(TargetSpecification(headK: 0, tail: .sampled))
    var configuration = configuration()
    configuration.temperature = 1
    let error = #expect(throws: StudentTrainerError.self) {
      try CacheBatchSource(reader: reader, configuration: configuration)
    }
    #expect("\(try #require(error))".contains("positionsTopEntropy"))
    configuration.positionsTopEntropy = nil
    configuration.set(.linear(from: 1, to: 2), for: \.temperature)
    let schedule = #expect(throws: StudentTrainerError.self) {
      try CacheBatchSource(reader: reader, configuration: configuration)
    }
    #expect("\(try #require(schedule))".contains("linear:1:2"))
  }

  @Test(
    "a temperature that falls below 1 is refused by caches that cannot serve it, before training")
  func belowOne() throws {
    var configuration = configuration()
    configuration.set(.linear(from: 2, to: 0.5), for: \.temperature)
    for target in [
      TargetSpecification(headK: 8, tail: .scalars),
      TargetSpecification(headK: 8, tail: .lowrank, rank: 8),
    ] {
      let reader = try cache(target, name: target.tail.rawValue)
      let error = #expect(throws: StudentTrainerError.self) {
        try CacheBatchSource(reader: reader, configuration: configuration)
      }
      #expect("\(try #require(error))".contains("temperature cannot be linear:2:0.5"))
    }
    _ = try CacheBatchSource(
      reader: cache(TargetSpecification(headK: 0, tail: .hidden)), configuration: configuration)
  }

  @Test("a schedule serves each step's own temperature from heads")
  func scheduledHeads() throws {
    let reader = try cache(TargetSpecification(headK: 8, tail: .scalars))
    var scheduled = configuration(share: nil)
    scheduled.set(.linear(from: 4, to: 1), for: \.temperature)
    let source = try CacheBatchSource(reader: reader, configuration: scheduled)
    for temperature in [4.0, 2.5, 1] {
      var constant = configuration(share: nil)
      constant.temperature = temperature
      let expected = try #require(
        try CacheBatchSource(reader: reader, configuration: constant).batch(epoch: 0, index: 1))
      let found = try #require(try source.batch(epoch: 0, index: 1, temperature: temperature))
      guard case .heads(let left) = found.softTargets,
        case .heads(let right) = expected.softTargets
      else { throw Interruption() }
      #expect(left.probabilities == right.probabilities && left.tailMasses == right.tailMasses)
    }
  }
}
