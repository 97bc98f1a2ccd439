import Foundation
import Kernels
import StudentTrainer
import TestSupport
import Testing
import Transformer

/// What the objective makes of each kind of soft target, on a whole model.
struct TargetKindTests {
  let world: TinyWorld
  let batch: TrainingBatch
  let logits: LogitTargets
  static let vocab = TinyWorld.vocabSize

  init() throws {
    world = try TinyWorld()
    var configuration = TinyWorld.configuration()
    configuration.alphaCE = 5
    configuration.batchTokens = 1200  // more rows than a chunk of the head
    let source = try OnlineTeacherSource(
      teacher: TinyWorld.model(seed: 50, layers: 2, architecture: .bert), corpus: world.corpus,
      masks: world.masks(), positions: .all, configuration: configuration)
    batch = try #require(try source.batch(epoch: 0, index: 0))
    guard case .logits(let logits) = batch.softTargets else { throw Interruption() }
    self.logits = logits
  }

  static func configuration(
    temperature: Double = 2, _ tail: TailTreatment? = nil
  ) -> TrainingConfiguration {
    var configuration = TinyWorld.configuration()
    configuration.alphaCE = 5
    configuration.alphaMLM = 2
    configuration.temperature = temperature
    configuration.tail = tail
    return configuration
  }

  /// Loss and gradient of the batch with other targets.
  func run(
    _ targets: SoftTargets, _ configuration: TrainingConfiguration, sliceFloats: Int = 1 << 21
  ) throws -> (sums: LossSums, gradient: [Float]) {
    var batch = batch
    batch.softTargets = targets
    let model = TinyWorld.model(seed: 51)
    let sums = try DistillationObjective(configuration, sliceFloats: sliceFloats).accumulate(
      batch, model: model, counts: LossCounts(batch))
    return (sums, model.gradients.elements.map { $0 })
  }

  func expectEqual(
    _ left: (sums: LossSums, gradient: [Float]), _ right: (sums: LossSums, gradient: [Float]),
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    // Float kernels and products in other orders.
    #expect(
      abs(left.sums.soft - right.sums.soft) < 2e-5 * right.sums.soft,
      sourceLocation: sourceLocation)
    #expect(
      relativeError(left.gradient, right.gradient.map(Double.init)) < 2e-5,
      sourceLocation: sourceLocation)
  }

  @Test("the batch of these tests has several chunks")
  func chunks() {
    #expect(logits.rows > 600)
  }

  @Test("the slices that the teacher's side is made in change no number but rounding")
  func slices() throws {
    for targets in [SoftTargets.shaped(shaped(k: 4).0), .logits(logits)] {
      let (whole, sliced) = (
        try run(targets, Self.configuration()),
        try run(targets, Self.configuration(), sliceFloats: 0)
      )
      expectEqual(sliced, whole)
    }
  }

  func row(_ index: Int) -> [Float] { Array(logits.matrix.row(index)) }

  /// Targets of rank 6 and a head of k for the batch, or for some rows of it.
  func shaped(k: Int, rows: [Int]? = nil) -> (ShapedTargets, [ShapedTarget<Double>]) {
    let (vocab, rank) = (Self.vocab, 6)
    let rows = rows ?? Array(0..<logits.rows)
    var generator = SplitMix64(seed: 52)
    let weight = randomLogits(vocab * rank, scale: 0.5, using: &generator)
    let bias = randomLogits(vocab, scale: 0.5, using: &generator)
    var generatorOfRow = rows.map { SplitMix64(seed: 1000 + UInt64($0)) }
    var inputs: [Float] = []
    var (ids, heads, partitions): ([Int32], [Float], [Float]) = ([], [], [])
    var references: [ShapedTarget<Double>] = []
    for (offset, index) in rows.enumerated() {
      let input = randomLogits(rank, scale: 1, using: &generatorOfRow[offset])
      let shape = (0..<vocab).map { j in
        (0..<rank).reduce(Double(bias[j])) {
          $0 + Double(weight[j * rank + $1]) * Double(input[$1])
        }
      }
      let reference = ShapedTarget(
        teacherLogits: row(index).map(Double.init), ids: k == 0 ? [] : topIDs(row(index), k),
        shape: shape)
      inputs += input
      ids += reference.ids
      heads += reference.headLogits.map(Float.init)
      partitions += [reference.logPartition, reference.halfLogPartition].map(Float.init)
      partitions.append(Float(reference.threeQuarterLogPartition ?? .nan))
      references.append(reference)
    }
    let targets = ShapedTargets(
      decoder: TeacherDecoder(weight: weight, bias: bias, hiddenSize: rank), count: rows.count,
      headK: k, inputs: inputs, ids: ids, headLogits: heads, tailPartitions: partitions)
    return (targets, references)
  }

  func whole(_ rows: [[Double]]) -> LogitTargets {
    let targets = LogitTargets(rows: rows.count, vocabSize: Self.vocab)
    for (index, row) in rows.enumerated() {
      _ = targets.matrix.row(index).update(from: row.map(Float.init))
    }
    return targets
  }

  func heads(k: Int, temperature: Double, rows: [Int]? = nil) -> HeadTargets {
    var heads = HeadTargets()
    for index in rows ?? Array(0..<logits.rows) {
      let target = HeadTarget(
        teacherLogits: row(index).map(Double.init), ids: topIDs(row(index), k),
        temperature: temperature)
      heads.append(
        ids: target.ids, probabilities: target.probabilities.map(Float.init),
        tailMass: Float(target.tailMass))
    }
    return heads
  }

  @Test(
    "shaped targets train as the whole rows of their definition do", arguments: [1.0, 2, 3],
    [0, 4])
  func shapedEqualsRows(temperature: Double, k: Int) throws {
    let (targets, references) = shaped(k: k)
    let rows = references.map { $0.logits(temperature: temperature) }
    let expected = try run(.logits(whole(rows)), Self.configuration(temperature: temperature))
    for tail in [nil, TailTreatment.shaped] {
      expectEqual(
        try run(.shaped(targets), Self.configuration(temperature: temperature, tail)), expected)
    }
  }

  @Test(
    "shaped targets serve the treatments of heads", arguments: [1.0, 2],
    [TailTreatment.bucket, .uniform, .renormalise])
  func shapedAsHeads(temperature: Double, tail: TailTreatment) throws {
    let configuration = Self.configuration(temperature: temperature, tail)
    expectEqual(
      try run(.shaped(shaped(k: 5).0), configuration),
      try run(.heads(heads(k: 5, temperature: temperature)), configuration))
  }

  @Test("at other temperatures the bucket has the mass of the shaped row")
  func bucketBetween() throws {
    let temperature = 3.0
    let (targets, references) = shaped(k: 5)
    var heads = HeadTargets()
    for reference in references {
      let target = HeadTarget(
        teacherLogits: reference.logits(temperature: temperature), ids: reference.ids,
        temperature: temperature)
      heads.append(
        ids: target.ids, probabilities: target.probabilities.map(Float.init),
        tailMass: Float(target.tailMass))
    }
    let configuration = Self.configuration(temperature: temperature, .bucket)
    expectEqual(try run(.shaped(targets), configuration), try run(.heads(heads), configuration))
  }

  @Test("a mixture trains each row as its own kind does")
  func mixture() throws {
    let count = logits.rows
    let partOf = (0..<count).map { Int32($0 % 7 < 3 ? 0 : $0 % 7 < 5 ? 1 : 2) }
    func rows(_ part: Int32) -> [Int] { partOf.indices.filter { partOf[$0] == part } }
    let (targets, references) = shaped(k: 4, rows: rows(0))
    let thin = heads(k: 3, temperature: 2, rows: rows(1))
    let exact = rows(2).map { row($0).map(Double.init) }
    let mixed = MixedTargets(
      parts: [.shaped(targets), .heads(thin), .logits(whole(exact))], partOf: partOf)
    let found = try run(.mixed(mixed), Self.configuration())
    // The same losses one row at a time: each part alone, the other rows without a soft target.
    var sums = 0.0
    var gradient = [Double](repeating: 0, count: found.gradient.count)
    let parts: [SoftTargets] = [
      .shaped(targets), .heads(thin),
      .logits(whole(exact)),
    ]
    #expect(references.count == targets.count)
    for (part, kind) in parts.enumerated() {
      var single = batch
      single.softTargets = kind
      var next: Int32 = -1
      single.softIndexes = partOf.map {
        guard $0 == Int32(part) else { return -1 }
        next += 1
        return next
      }
      single.labels = batch.labels.map { part == 0 ? $0 : -1 }
      let model = TinyWorld.model(seed: 51)
      let result = try DistillationObjective(Self.configuration()).accumulate(
        single, model: model, counts: LossCounts(batch))
      sums += result.soft
      for (index, value) in model.gradients.elements.enumerated() {
        gradient[index] += Double(value)
      }
    }
    #expect(abs(found.sums.soft - sums) < 1e-5 * sums)
    #expect(relativeError(found.gradient, gradient) < 2e-5)
  }

  @Test("sampled targets train with the gradient of their definition, at T = 1 alone")
  func sampled() throws {
    var targets = SampledTargets()
    var references: [(ids: [Int32], probabilities: [Float])] = []
    var scratch = [Float](repeating: 0, count: Self.vocab)
    for index in 0..<logits.rows {
      let sample = try #require(
        SamplingTests.sample(row(index), threshold: 0.1, seed: UInt64(index), &scratch))
      targets.append(ids: sample.ids, probabilities: sample.probabilities)
      references.append((sample.ids, sample.probabilities))
    }
    let found = try run(.sampled(targets), Self.configuration(temperature: 1))
    // The same estimates as whole rows: what is not sampled has no probability.
    let rows = references.map { reference in
      var row = [Double](repeating: -200, count: Self.vocab)
      for (id, p) in zip(reference.ids, reference.probabilities) { row[Int(id)] = log(Double(p)) }
      return row
    }
    expectEqual(found, try run(.logits(whole(rows)), Self.configuration(temperature: 1)))
    for change: (inout TrainingConfiguration) -> Void in [
      { $0.temperature = 2 }, { $0.divergence = .reverse },
      { $0.divergence = .jensenShannon }, { $0.tail = .bucket },
    ] {
      var configuration = Self.configuration(temperature: 1)
      change(&configuration)
      let error = #expect(throws: StudentTrainerError.self) {
        try run(.sampled(targets), configuration)
      }
      #expect("\(try #require(error))".contains("sampled"))
    }
  }

  @Test(
    "shaped rows, heads and whole rows take every divergence",
    arguments: [Divergence.reverse, .jensenShannon])
  func divergences(divergence: Divergence) throws {
    var configuration = Self.configuration()
    configuration.divergence = divergence
    let (targets, references) = shaped(k: 4)
    let rows = whole(references.map { $0.logits(temperature: 2) })
    let expected = try run(.logits(rows), configuration)
    expectEqual(try run(.shaped(targets), configuration), expected)
    let forward = try run(.logits(rows), Self.configuration())
    #expect(abs(forward.sums.soft - expected.sums.soft) > 0.01 * expected.sums.soft)
    configuration.tail = .bucket
    expectEqual(
      try run(.shaped(targets), configuration),
      try run(.heads(heads(k: 4, temperature: 2)), configuration))
  }

  @Test("an ensemble of every kind is the mean of their rows", arguments: [1.0, 2, 3])
  func ensemble(temperature: Double) throws {
    let count = logits.rows
    let (first, references) = shaped(k: 4)
    let partOf = (0..<count).map { Int32($0 % 3 == 0 ? 0 : 1) }
    func rows(_ part: Int32) -> [Int] { partOf.indices.filter { partOf[$0] == part } }
    let thin = heads(k: 3, temperature: temperature, rows: rows(1))
    let (rich, richReferences) = shaped(k: 2, rows: rows(0))
    let mixed = MixedTargets(parts: [.shaped(rich), .heads(thin)], partOf: partOf)
    let weights = [0.5, 0.3, 0.2]
    let targets = EnsembleTargets(
      members: [.logits(logits), .shaped(first), .mixed(mixed)], weights: weights,
      vocabSize: Self.vocab)
    let expected = (0..<count).map { row -> [Double] in
      func softmax(_ logits: [Double]) -> [Double] {
        ShapedTargetTests.probabilities(logits, temperature: temperature)
      }
      let index = Int(mixed.indexOf[row])
      let members = [
        softmax(self.row(row).map(Double.init)),
        softmax(references[row].logits(temperature: temperature)),
        partOf[row] == 0
          ? softmax(richReferences[index].logits(temperature: temperature))
          : EnsembleTests.spread(thin, index),
      ]
      return (0..<Self.vocab).map { j in
        temperature * log(zip(weights, members).reduce(0) { $0 + $1.0 * $1.1[j] })
      }
    }
    expectEqual(
      try run(.ensemble(targets), Self.configuration(temperature: temperature)),
      try run(.logits(whole(expected)), Self.configuration(temperature: temperature)))
  }

  @Test("treatments and temperatures that a kind cannot serve are refused by name")
  func refusals() throws {
    let shaped = SoftTargets.shaped(shaped(k: 4).0)
    let heads = SoftTargets.heads(heads(k: 4, temperature: 2))
    let cold = #expect(throws: StudentTrainerError.self) {
      try run(shaped, Self.configuration(temperature: 0.5))
    }
    #expect("\(try #require(cold))".contains("temperature cannot be 0.5"))
    for (targets, tail) in [
      (shaped, TailTreatment.full), (heads, .shaped), (.logits(logits), .shaped),
    ] {
      let error = #expect(throws: StudentTrainerError.self) {
        try run(targets, Self.configuration(tail))
      }
      #expect("\(try #require(error))".contains("'\(tail.rawValue)'"))
    }
    // In a mixture whole rows leave the treatment to the other parts; alone there is none to take it.
    let half = Array(0..<logits.rows / 2)
    let thin = SoftTargets.heads(self.heads(k: 4, temperature: 2, rows: half))
    let rest = SoftTargets.logits(
      whole((half.count..<logits.rows).map { row($0).map(Double.init) }))
    let partOf = (0..<logits.rows).map { Int32($0 < half.count ? 0 : 1) }
    let mixed = SoftTargets.mixed(MixedTargets(parts: [thin, rest], partOf: partOf))
    _ = try run(mixed, Self.configuration(.uniform))
    #expect(throws: StudentTrainerError.self) { try run(mixed, Self.configuration(.shaped)) }
  }
}
