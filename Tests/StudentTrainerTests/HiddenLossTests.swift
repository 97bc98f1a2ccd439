import Corpus
import Foundation
import Kernels
import LogitCache
import StudentTrainer
import TestSupport
import Testing
import Transformer

/// Losses between hidden states, with and without projections.
struct HiddenLossTests {
  let world: TinyWorld
  let folder: TemporaryFolder

  init() throws {
    world = try TinyWorld(sequences: 400, shardTokens: 1500)
    folder = try TemporaryFolder()
  }

  /// A teacher of three layers; the students here have two of 16.
  static func teacher(hiddenSize: Int) -> MaskedLanguageModel {
    TinyWorld.model(seed: 80, layers: 3, architecture: .bert, hiddenSize: hiddenSize)
  }

  func configuration(
    _ kind: HiddenLoss.Kind, weight: Double = 0.5,
    pairs: [HiddenLoss.Pair] = [.init(student: 0, teacher: 1), .init(student: 1, teacher: 2)]
  ) -> TrainingConfiguration {
    var configuration = TinyWorld.configuration()
    configuration.alphaCE = 5
    configuration.alphaMLM = 2
    configuration.alphaCos = 1
    configuration.hidden = HiddenLoss(kind: kind, weight: weight, pairs: pairs)
    return configuration
  }

  func student(projections: Int, to width: Int = 24) -> MaskedLanguageModel {
    let model = TinyWorld.model(seed: 42, layers: 2)
    return projections == 0
      ? model
      : model.withProjections(to: [Int](repeating: width, count: projections), seed: 3)
  }

  func online(
    _ configuration: TrainingConfiguration, hiddenSize: Int,
    positions: OnlineTeacherSource.Positions = .masked
  ) throws -> OnlineTeacherSource {
    try OnlineTeacherSource(
      teacher: Self.teacher(hiddenSize: hiddenSize), corpus: world.corpus, masks: world.masks(),
      positions: positions, configuration: configuration)
  }

  @Test("kernels equal the definitions in double precision", arguments: [1, 16, 385])
  func kernels(count: Int) {
    var generator = SplitMix64(seed: UInt64(count))
    let x = randomLogits(count, scale: 2, using: &generator)
    let y = randomLogits(count, scale: 1, using: &generator)
    for kind in HiddenLoss.Kind.allCases {
      let (student, teacher) = (x.map(Double.init), y.map(Double.init))
      let expected =
        kind == .mse
        ? SquaredErrorLoss.evaluate(student: student, teacher: teacher)
        : CosineLoss.evaluate(student: student, teacher: teacher)
      var (state, gradient) = (x, [Float](repeating: 1, count: count))
      let loss = state.withUnsafeMutableBufferPointer { state in
        y.withUnsafeBufferPointer { y in
          gradient.withUnsafeMutableBufferPointer { gradient in
            kind == .mse
              ? SoftTargetLossKernels.squaredError(
                state, teacher: y, weight: 0.7, gradient: gradient)
              : SoftTargetLossKernels.cosine(state, teacher: y, weight: 0.7, gradient: gradient)
          }
        }
      }
      // Differences are rounded to single precision before they are squared.
      #expect(abs(loss - expected.loss) < 1e-6 * max(1, expected.loss))
      // The gradient is added to what is there.
      let wanted = expected.gradient.map { 1 + 0.7 * $0 }
      #expect(relativeError(gradient, wanted) < 1e-6)
    }
  }

  @Test(
    "the loss over inner layers has the gradient of its value, projections included",
    arguments: HiddenLoss.Kind.allCases, [16, 24])
  func finiteDifferences(kind: HiddenLoss.Kind, hiddenSize: Int) throws {
    var configuration = configuration(
      kind,
      pairs: [
        .init(student: 0, teacher: 1), .init(student: 1, teacher: 0),
        .init(student: 1, teacher: 2), .init(student: 2, teacher: 3),
      ])
    // Alone with the cosine loss of the last states, so that nothing hides its gradient.
    (configuration.alphaCE, configuration.alphaMLM) = (0, 0)
    let batch = try #require(
      try online(configuration, hiddenSize: hiddenSize).batch(epoch: 0, index: 0))
    let model = student(projections: hiddenSize == 16 ? 0 : 5)
    let objective = DistillationObjective(configuration)
    let counts = LossCounts(batch)
    #expect(counts.hidden > 0 && counts.cosine == counts.hidden)
    func loss() throws -> Double {
      try objective.accumulate(batch, model: model, counts: counts).total(counts, configuration)
    }
    model.clearGradients()
    _ = try loss()
    let gradient = model.gradients.elements.map { $0 }
    var checked = 0
    for entry in model.layout.entries {
      let range = entry.offset..<entry.offset + entry.count
      let norm = gradient[range].reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      guard norm > 1e-4 else { continue }
      checked += 1
      let saved = range.map { model.parameters.base[$0] }
      let h = 2e-3
      func shift(_ sign: Double) throws -> Double {
        for (offset, index) in range.enumerated() {
          model.parameters.base[index] =
            saved[offset] + Float(sign * h * Double(gradient[index]) / norm)
        }
        return try loss()
      }
      let slope = (try shift(1) - shift(-1)) / (2 * h)
      for (offset, index) in range.enumerated() { model.parameters.base[index] = saved[offset] }
      // Float forward passes: rounding 1e-6 of a loss of 5 over 2h, and curvature h².
      #expect(abs(slope - norm) < 0.02 * norm + 3e-3, "\(entry.name)")
    }
    #expect(checked >= (hiddenSize == 16 ? 20 : 25))
  }

  @Test("its value is the mean over positions, and over dimensions, of the definitions")
  func definition() throws {
    let pairs = [HiddenLoss.Pair(student: 1, teacher: 2), .init(student: 2, teacher: 1)]
    for kind in HiddenLoss.Kind.allCases {
      let configuration = configuration(kind, pairs: pairs)
      let batch = try #require(
        try online(configuration, hiddenSize: 16).batch(epoch: 0, index: 0))
      let model = student(projections: 0)
      let counts = LossCounts(batch)
      let sums = try DistillationObjective(configuration).accumulate(
        batch, model: model, counts: counts)
      var expected = 0.0
      for pair in pairs {
        let states = try #require(batch.innerStates[pair.teacher])
        let hidden = model.hiddenStates[pair.student]
        let rows = model.rows(ofTokens: states.rows, layer: pair.student)
        for (index, row) in rows.enumerated() {
          let x = hidden.row(Int(row)).map(Double.init)
          let y = states.values[index * 16..<(index + 1) * 16].map(Double.init)
          expected +=
            kind == .mse
            ? SquaredErrorLoss.evaluate(student: x, teacher: y).loss
            : CosineLoss.evaluate(student: x, teacher: y).loss
        }
      }
      // Single precision in the differences.
      #expect(abs(sums.hidden - expected) < 1e-5 * expected)
      let without = LossSums.mean(sums.hidden, counts.hidden) * 0.5
      var bare = configuration
      bare.hidden = nil
      #expect(
        abs(sums.total(counts, configuration) - sums.total(counts, bare) - without) < 1e-9)
    }
  }

  @Test("a projection of equal sizes begins as the identity, and changes no loss")
  func identityProjection() throws {
    let configuration = configuration(.mse)
    let batch = try #require(try online(configuration, hiddenSize: 16).batch(epoch: 0, index: 0))
    let (plain, projected) = (student(projections: 0), student(projections: 3, to: 16))
    let counts = LossCounts(batch)
    let objective = DistillationObjective(configuration)
    let a = try objective.accumulate(batch, model: plain, counts: counts)
    let b = try objective.accumulate(batch, model: projected, counts: counts)
    #expect(abs(a.hidden - b.hidden) < 1e-9 * a.hidden && abs(a.cosine - b.cosine) < 1e-9)
    let count = plain.layout.count
    let left = plain.gradients.elements.map(Double.init)
    #expect(relativeError(Array(projected.gradients.elements[..<count]), left) < 1e-6)
  }

  @Test("a cache of some layers gives the online teacher's states of them")
  func cachedLayers() throws {
    var options = TinyCache.Options()
    options.stateLayers = [1, 2, 3]
    let configuration = configuration(.cosine)
    let reader = try TinyCache.make(
      world, teacher: Self.teacher(hiddenSize: 16), masks: world.masks(), options: options,
      in: folder.url.appending(path: "cache"))
    #expect(reader.specification.keptStateLayers == [1, 2, 3])
    let cached = try CacheBatchSource(reader: reader, configuration: configuration)
    let left = try #require(try cached.batch(epoch: 0, index: 0))
    let right = try #require(try online(configuration, hiddenSize: 16).batch(epoch: 0, index: 0))
    #expect(Set(left.innerStates.keys) == [1, 2] && Set(right.innerStates.keys) == [1, 2])
    for (mine, theirs) in [
      (left.teacherStates, right.teacherStates), (left.innerStates[1], right.innerStates[1]),
      (left.innerStates[2], right.innerStates[2]),
    ] {
      let (mine, theirs) = (try #require(mine), try #require(theirs))
      #expect(mine.rows == theirs.rows)
      // int8 with a scale a row: within 1/254 of the row's largest.
      #expect(relativeError(mine.values, theirs.values.map(Double.init)) < 0.006)
    }
    #expect(left.innerStates[1]?.values != left.innerStates[2]?.values)
  }

  @Test("layers that a cache or a teacher does not have are refused before training")
  func missingLayers() throws {
    let reader = try TinyCache.make(
      world, teacher: Self.teacher(hiddenSize: 16), masks: world.masks(),
      options: TinyCache.Options(), in: folder.url.appending(path: "cache"))
    let kept = #expect(throws: StudentTrainerError.self) {
      try CacheBatchSource(reader: reader, configuration: configuration(.mse))
    }
    let message = "\(try #require(kept))"
    #expect(message.contains("keeps the states of layer 3, not of 1,2"))
    #expect(message.contains("--state-layers 1,2,3"))
    let beyond = #expect(throws: StudentTrainerError.self) {
      try online(
        configuration(.mse, pairs: [.init(student: 1, teacher: 4)]), hiddenSize: 16)
    }
    #expect("\(try #require(beyond))".contains("0 (the embeddings) to 3, not 4"))
    // Sizes that differ, and no projection.
    let wider = configuration(.mse)
    let batch = try #require(try online(wider, hiddenSize: 24).batch(epoch: 0, index: 0))
    let sizes = #expect(throws: StudentTrainerError.self) {
      try DistillationObjective(wider).accumulate(
        batch, model: student(projections: 0), counts: LossCounts(batch))
    }
    #expect("\(try #require(sizes))".contains("teacher 24, student 16"))
  }

  @Test("an ensemble takes the states of the first cache that keeps the layers")
  func ensemble() throws {
    var options = TinyCache.Options()
    let first = try TinyCache.make(
      world, teacher: TinyWorld.model(seed: 81, layers: 3, architecture: .bert),
      masks: world.masks(), options: options, in: folder.url.appending(path: "a"))
    options.stateLayers = [1, 2, 3]
    let second = try TinyCache.make(
      world, teacher: Self.teacher(hiddenSize: 16), masks: world.masks(), options: options,
      in: folder.url.appending(path: "b"))
    let configuration = configuration(.mse)
    let ensemble = try EnsembleBatchSource(
      readers: [first, second], configuration: configuration)
    let single = try CacheBatchSource(reader: second, configuration: configuration)
    let left = try #require(try ensemble.batch(epoch: 0, index: 0))
    let right = try #require(try single.batch(epoch: 0, index: 0))
    #expect(left.innerStates[2]?.values == right.innerStates[2]?.values)
    #expect(left.teacherStates?.values == right.teacherStates?.values)
  }

  @Test(
    "a run with schedules, hidden losses and projections ends in the same bits after a kill, at any step",
    arguments: [2, 5, 9])
  func resume(failsAtCall: Int) throws {
    var options = TinyCache.Options()
    options.target = TargetSpecification(headK: 8, tail: .scalars)
    options.stateLayers = [1, 2, 3]
    let reader = try TinyCache.make(
      world, teacher: Self.teacher(hiddenSize: 24), masks: world.masks(), options: options,
      in: folder.url.appending(path: "cache"))
    var configuration = configuration(.mse)
    configuration.steps = 7
    configuration.batchSequences = 20
    configuration.positionsTopEntropy = 0.6
    configuration.set(.cosine(from: 4, to: 1), for: \.temperature)
    // Past 0, where a loss is not computed at all.
    configuration.set(.wsd(peak: 5, warmupShare: 0.2, decayShare: 0.2, end: 0), for: \.alphaCE)
    configuration.set(.linear(from: 0, to: 1), for: \.hidden)
    func train(_ name: String, failsAtCall: Int? = nil) throws -> [UInt32] {
      let model = student(projections: 3)
      let source = FailingSource(
        try CacheBatchSource(reader: reader, configuration: configuration),
        failsAtCall: failsAtCall)
      let url = folder.url.appending(path: name)
      _ = try Trainer(model: model, source: source, configuration: configuration, folder: url)
        .run()
      return bits(model.parameters)
    }
    let expected = try train("whole")
    #expect(throws: Interruption.self) { try train("broken", failsAtCall: failsAtCall) }
    #expect(try train("broken") == expected)

    let text = try String(
      contentsOf: folder.url.appending(path: "whole/metrics.jsonl"), encoding: .utf8)
    let lines = try text.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    func values(_ key: String) -> [Double?] { lines.map { $0[key] as? Double } }
    #expect(values("temperature").first == 4 && values("temperature").last == 1)
    #expect(values("kl_weight") == [0, 2.5, 5, 5, 5, 2.5, 0])
    #expect(values("hidden_weight").first == 0 && values("hidden_weight").last == 1)
    #expect(lines.allSatisfy { $0["mlm_weight"] == nil && $0["cosine_weight"] == nil })
    // What has no weight is not computed and not reported.
    #expect(lines.map { $0["loss_ce"] == nil } == [true, false, false, false, false, false, true])
    #expect(lines.map { $0["loss_hidden"] == nil } == [true] + [Bool](repeating: false, count: 6))
  }

  @Test("projections are in the checkpoint and learn, and are left out of the export")
  func export() throws {
    var configuration = configuration(.mse)
    configuration.steps = 3
    let model = student(projections: 3)
    let start = bits(model.parameters)
    let url = folder.url.appending(path: "run")
    _ = try Trainer(
      model: model, source: try online(configuration, hiddenSize: 24),
      configuration: configuration, folder: url
    ).run()
    let entry = model.layout.entry(.projection(1))
    #expect(entry.shape == [24, 16] && entry.offset + 2 * entry.count == model.layout.count)
    let range = entry.offset..<entry.offset + entry.count
    #expect(bits(model.parameters)[range] != start[range])
    let saved = try Safetensors(
      url: url.appending(path: "checkpoints/step-0000003/parameters.safetensors"))
    #expect(saved.shape(of: "distillation.projection.2.weight") == [24, 16])
    let exported = folder.url.appending(path: "student")
    try FileManager.default.createDirectory(at: exported, withIntermediateDirectories: true)
    try model.save(to: exported)
    let written = try Safetensors(url: exported.appending(path: "model.safetensors"))
    #expect(written.shape(of: "distillation.projection.0.weight") == nil)
    let loaded = try MaskedLanguageModel.load(folder: exported)
    #expect(loaded.layout.projectionCount == 0)
    let count = loaded.layout.count
    #expect(bits(loaded.parameters)[...] == bits(model.parameters)[..<count])
  }

  @Test("a step with hidden losses and projections allocates nothing once it has run")
  func allocations() throws {
    let configuration = configuration(.mse)
    let batch = try #require(
      try online(configuration, hiddenSize: 24, positions: .all).batch(epoch: 0, index: 0))
    let model = student(projections: 3)
    let objective = DistillationObjective(configuration)
    let counts = LossCounts(batch)
    func step() throws {
      model.clearGradients()
      _ = try objective.accumulate(batch, model: model, counts: counts)
      _ = model.gradients
    }
    // Another test of this process may allocate at the same moment, so one quiet step is enough.
    try step()
    let quiet = try (0..<50).contains { _ in
      let before = Allocations.count
      try step()
      return Allocations.count == before
    }
    #expect(quiet)
  }

  @Test("a map is read as student:teacher, and an even one ends in the last layers")
  func maps() {
    #expect(
      HiddenLoss.pairs("1:2,3:6")
        == [.init(student: 1, teacher: 2), .init(student: 3, teacher: 6)])
    for text in ["", "1", "1:2,", "a:b", "1:2:3", "-1:2", "1:2,1:2"] {
      #expect(HiddenLoss.pairs(text) == nil, "\(text)")
    }
    let even = HiddenLoss.evenPairs(studentLayers: 3, teacherLayers: 12)
    #expect(even.map(\.teacher) == [4, 8, 12] && even.map(\.student) == [1, 2, 3])
    #expect(
      HiddenLoss.evenPairs(studentLayers: 4, teacherLayers: 6).map(\.teacher) == [2, 3, 5, 6])
  }
}
