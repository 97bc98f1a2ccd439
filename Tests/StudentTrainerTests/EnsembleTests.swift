import Foundation
import Kernels
import LogitCache
import StudentTrainer
import TestSupport
import Testing
import Transformer

/// Several caches as one teacher.
struct EnsembleTests {
  static let vocab = TinyWorld.vocabSize
  let world: TinyWorld
  let folder: TemporaryFolder

  init() throws {
    world = try TinyWorld(sequences: 200)
    folder = try TemporaryFolder()
  }

  func configuration() -> TrainingConfiguration {
    var configuration = TinyWorld.configuration()
    configuration.alphaCE = 5
    configuration.alphaMLM = 2
    configuration.alphaCos = 1
    return configuration
  }

  func cache(
    _ name: String, teacher seed: UInt64, _ target: TargetSpecification,
    states: StateStorage = .int8, masks: MaskSeed = 7
  ) throws -> CacheReader {
    var options = TinyCache.Options()
    options.target = target
    options.states = states
    return try TinyCache.make(
      world, teacher: TinyWorld.model(seed: seed, layers: 2, architecture: .bert),
      masks: world.masks(seed: masks), options: options, in: folder.url.appending(path: name))
  }
  typealias MaskSeed = UInt64

  func source(
    _ readers: [CacheReader], _ weights: [Double]? = nil,
    _ change: (inout TrainingConfiguration) -> Void = { _ in }
  ) throws -> EnsembleBatchSource {
    var configuration = configuration()
    change(&configuration)
    return try EnsembleBatchSource(
      readers: readers, weights: weights, corpus: world.corpus, configuration: configuration)
  }

  func single(_ reader: CacheReader) throws -> CacheBatchSource {
    try CacheBatchSource(reader: reader, corpus: world.corpus, configuration: configuration())
  }

  func run(_ batch: TrainingBatch) throws -> (sums: LossSums, gradient: [Float]) {
    let model = TinyWorld.model(seed: 91)
    let sums = try DistillationObjective(configuration()).accumulate(
      batch, model: model, counts: LossCounts(batch))
    return (sums, model.gradients.elements.map { $0 })
  }

  static let scalars = TargetSpecification(headK: 8, tail: .scalars)
  static let hidden = TargetSpecification(headK: 0, tail: .hidden)

  /// A head as a whole row of probabilities, its tail spread evenly.
  static func spread(_ heads: HeadTargets, _ row: Int) -> [Double] {
    let range = heads.starts[row]..<heads.starts[row + 1]
    let share = Double(heads.tailMasses[row]) / Double(vocab - range.count)
    var p = [Double](repeating: share, count: vocab)
    for entry in range { p[Int(heads.ids[entry])] = Double(heads.probabilities[entry]) }
    return p
  }

  @Test(
    "a cache with itself gives the cache's own targets", arguments: [Self.scalars, Self.hidden])
  func itself(target: TargetSpecification) throws {
    let reader = try cache("one", teacher: 90, target)
    let pairs = zip(
      try allBatches(source([reader, reader], [3, 1])), try allBatches(single(reader)))
    var rows = 0
    for (mean, own) in pairs {
      rows += own.rows.count
      #expect(mean.rows == own.rows && mean.labels == own.labels)
      #expect(mean.teacherStates?.values == own.teacherStates?.values)
      if case .heads(let mine) = mean.softTargets, case .heads(let theirs) = own.softTargets {
        #expect(mine.ids == theirs.ids && mine.starts == theirs.starts)
        // 3/4 and 1/4 of a float in double, rounded back.
        for (left, right) in zip(mine.probabilities, theirs.probabilities) {
          #expect(abs(left - right) <= 1e-6 * right)
        }
        for (left, right) in zip(mine.tailMasses, theirs.tailMasses) {
          #expect(abs(left - right) <= 1e-6 * right)
        }
      }
      let (left, right) = (try run(mean), try run(own))
      // Rows of logits that went through a logarithm of a sum.
      #expect(abs(left.sums.soft - right.sums.soft) < 1e-5 * right.sums.soft)
      #expect(relativeError(left.gradient, right.gradient.map(Double.init)) < 1e-5)
    }
    #expect(rows > 100)
  }

  @Test("heads of two teachers are their mean over the union of the kept IDs")
  func heads() throws {
    let first = try cache("first", teacher: 92, Self.scalars)
    let second = try cache("second", teacher: 93, TargetSpecification(headK: 5, tail: .scalars))
    let mean = try #require(try source([first, second], [0.7, 0.3]).batch(epoch: 0, index: 0))
    let left = try #require(try single(first).batch(epoch: 0, index: 0))
    let right = try #require(try single(second).batch(epoch: 0, index: 0))
    guard case .heads(let found) = mean.softTargets, case .heads(let a) = left.softTargets,
      case .heads(let b) = right.softTargets
    else { throw Interruption() }
    var larger = 0
    for row in found.tailMasses.indices {
      let p = zip(Self.spread(a, row), Self.spread(b, row)).map { 0.7 * $0 + 0.3 * $1 }
      let range = found.starts[row]..<found.starts[row + 1]
      let union = Set(a.ids[a.starts[row]..<a.starts[row + 1]])
        .union(b.ids[b.starts[row]..<b.starts[row + 1]])
      #expect(Set(found.ids[range]) == union && range.count == union.count)
      if union.count > 8 { larger += 1 }
      for entry in range {
        let expected = p[Int(found.ids[entry])]
        #expect(abs(Double(found.probabilities[entry]) - expected) < 1e-6 * expected)
      }
      let tail = p.indices.filter { !union.contains(Int32($0)) }.map { p[$0] }.reduce(0, +)
      #expect(abs(Double(found.tailMasses[row]) - tail) < 1e-6 * tail)
    }
    #expect(larger > 0, "the teachers keep different IDs")
    #expect(mean.teacherStates?.values == left.teacherStates?.values)
  }

  @Test("a head and whole rows are the mean of whole rows, the head's tail spread evenly")
  func headAndRows() throws {
    let thin = try cache("thin", teacher: 94, Self.scalars, states: .none)
    let whole = try cache("whole", teacher: 95, Self.hidden)
    let source = try source([thin, whole], [0.4, 0.6])
    let batch = try #require(try source.batch(epoch: 0, index: 0))
    let exact = try #require(try single(whole).batch(epoch: 0, index: 0))
    var withoutStates = configuration()
    withoutStates.alphaCos = 0
    let heads = try #require(
      try CacheBatchSource(
        reader: thin, corpus: world.corpus, configuration: withoutStates
      ).batch(epoch: 0, index: 0))
    // The cosine loss has the states of the only cache that keeps them.
    #expect(batch.teacherStates?.values == exact.teacherStates?.values)
    guard case .decoderInputs(let inputs) = exact.softTargets,
      case .heads(let head) = heads.softTargets
    else { throw Interruption() }
    let logits = LogitTargets(rows: inputs.count, vocabSize: Self.vocab)
    inputs.decoder.logits(
      of: inputs.inputs, 0..<inputs.count, scratch: FloatBuffer(count: inputs.count * 17),
      into: logits.matrix)
    for row in 0..<inputs.count {
      let p = ShapedTargetTests.probabilities(
        logits.matrix.row(row).map(Double.init), temperature: 2)
      let mean = zip(Self.spread(head, row), p).map { 0.4 * $0 + 0.6 * $1 }
      _ = logits.matrix.row(row).update(from: mean.map { Float(2 * log($0)) })
    }
    var expected = exact
    expected.softTargets = .logits(logits)
    let (left, right) = (try run(batch), try run(expected))
    #expect(abs(left.sums.soft - right.sums.soft) < 2e-5 * right.sums.soft)
    #expect(relativeError(left.gradient, right.gradient.map(Double.init)) < 2e-5)
  }

  @Test("caches that do not belong together are refused field by field; weights out of range too")
  func refusals() throws {
    let reader = try cache("first", teacher: 92, Self.scalars)
    let masks = try cache("masks", teacher: 92, Self.scalars, masks: 8)
    let error = #expect(throws: StudentTrainerError.self) { try source([reader, masks]) }
    let message = "\(try #require(error))"
    #expect(message.contains("mask.seed: 7 in the first, 8 in cache 2"))
    #expect(!message.contains("target"))
    for weights in [[1.0], [1, 0], [1, -1], [.nan, 1], [.infinity, 1]] {
      #expect(throws: StudentTrainerError.self) { try source([reader, reader], weights) }
    }
    // A treatment of tails that whole rows do not have.
    let whole = try cache("whole", teacher: 95, Self.hidden)
    let batch = try #require(try source([reader, whole]).batch(epoch: 0, index: 0))
    var configuration = configuration()
    configuration.tail = .bucket
    #expect(throws: StudentTrainerError.self) {
      try DistillationObjective(configuration).accumulate(
        batch, model: TinyWorld.model(seed: 91), counts: LossCounts(batch))
    }
  }

  @Test("caches and normalised weights are part of a run's identity")
  func identity() throws {
    let (a, b) = (
      try cache("a", teacher: 92, Self.scalars), try cache("b", teacher: 93, Self.scalars)
    )
    let source = try source([a, b], [6, 2])
    #expect(source.weights == [0.75, 0.25])
    #expect(source.identity["cache 1 fingerprint"] == a.manifest.fingerprint)
    #expect(source.identity["cache 2 fingerprint"] == b.manifest.fingerprint)
    #expect(source.identity["cache 2 weight"] == "0.25")
    #expect(try self.source([a, b]).weights == [0.5, 0.5])
    var recipe = configuration()
    recipe.steps = 1
    _ = try Trainer(
      model: TinyWorld.model(seed: 96), source: source, configuration: recipe,
      folder: folder.url.appending(path: "run")
    ).run()
    let identity = try #require(try RunIdentity.read(folder: folder.url.appending(path: "run")))
    #expect(identity.cacheFingerprints == [a.manifest.fingerprint, b.manifest.fingerprint])
  }

  @Test("a student trains from an ensemble, and resumes in the same bits")
  func trains() throws {
    let readers = [
      try cache("a", teacher: 92, Self.scalars), try cache("b", teacher: 93, Self.hidden),
    ]
    func run(_ name: String, failsAtCall: Int? = nil) throws -> [UInt32] {
      let model = TinyWorld.model(seed: 96)
      _ = try Trainer(
        model: model, source: FailingSource(try source(readers), failsAtCall: failsAtCall),
        configuration: configuration(), folder: folder.url.appending(path: name)
      ).run()
      return bits(model.parameters)
    }
    let whole = try run("whole")
    #expect(throws: Interruption.self) { try run("broken", failsAtCall: 8) }
    #expect(try run("broken") == whole)
  }

  @Test("the mean of rows is that of probabilities, however small they are")
  func mixture() {
    var generator = SplitMix64(seed: 97)
    let vocab = 3000
    var rows = (0..<3).map { _ in randomLogits(vocab, scale: 3, using: &generator) }
    rows[1][7] = 150  // leaves e^-150 for the others, which no float holds
    let weights = [0.2, 0.5, 0.3]
    for temperature in [1.0, 2, 8] {
      var mixture = [Float](repeating: .nan, count: vocab)
      for (index, (row, weight)) in zip(rows, weights).enumerated() {
        mixture.withUnsafeMutableBufferPointer { mixture in
          row.withUnsafeBufferPointer {
            MixtureKernels.add(
              to: mixture, logits: $0, temperature: temperature, weight: weight,
              isFirst: index == 0)
          }
        }
      }
      let p = zip(rows, weights).map { row, weight in
        ShapedTargetTests.probabilities(row.map(Double.init), temperature: temperature)
          .map { weight * $0 }
      }
      for j in 0..<vocab {
        let expected = temperature * log(p[0][j] + p[1][j] + p[2][j])
        // Logits of magnitude 150 in float, times T where they are softened.
        #expect(abs(Double(mixture[j]) - expected) < 5e-5 * temperature)
      }
    }
  }
}
