import Corpus
import Foundation
import Kernels
import StudentTrainer
import TestSupport
import Testing
import Transformer

struct ObjectiveTests {
  let world: TinyWorld

  init() throws { world = try TinyWorld() }

  func onlineSource(
    _ configuration: TrainingConfiguration, positions: OnlineTeacherSource.Positions = .all
  ) throws -> OnlineTeacherSource {
    try OnlineTeacherSource(
      teacher: TinyWorld.model(seed: 40, layers: 2, architecture: .bert), corpus: world.corpus,
      masks: world.masks(), positions: positions, configuration: configuration)
  }

  func configuration() -> TrainingConfiguration {
    var configuration = TinyWorld.configuration()
    configuration.alphaCE = 5
    configuration.alphaMLM = 2
    configuration.alphaCos = 1
    return configuration
  }

  /// The batches laid end to end.
  func merged(_ batches: [TrainingBatch]) throws -> TrainingBatch {
    var tokens: [Int32] = []
    var starts: [Int32] = [0]
    var (rows, labels, soft): ([Int32], [Int32], [Int32]) = ([], [], [])
    var states = TeacherStates(rows: [], hiddenSize: 16, values: [])
    let count = batches.reduce(0) { $0 + $1.softTargets.count }
    let targets = LogitTargets(rows: count, vocabSize: TinyWorld.vocabSize)
    var softStart = 0
    for batch in batches {
      let shift = Int32(tokens.count)
      tokens += batch.packed.tokenIDs
      starts += batch.packed.sequenceStarts.dropFirst().map { $0 + shift }
      rows += batch.rows.map { $0 + shift }
      labels += batch.labels
      soft += batch.softIndexes.map { $0 < 0 ? -1 : $0 + Int32(softStart) }
      guard case .logits(let logits) = batch.softTargets, let state = batch.teacherStates else {
        throw Interruption()
      }
      _ = targets.matrix.rows(softStart..<softStart + logits.rows).elements.update(
        from: logits.matrix.elements)
      softStart += logits.rows
      states.rows += state.rows.map { $0 + shift }
      states.values += state.values
    }
    return TrainingBatch(
      packed: PackedBatch(tokenIDs: tokens, sequenceStarts: starts),
      references: batches.flatMap(\.references), rows: rows, labels: labels, softIndexes: soft,
      softTargets: .logits(targets), teacherStates: states)
  }

  @Test("accumulated batches give the gradient and loss of one large batch")
  func accumulation() throws {
    let configuration = configuration()
    let batches = Array(try allBatches(onlineSource(configuration)).prefix(4))
    let model = TinyWorld.model(seed: 41)
    let objective = DistillationObjective(configuration)
    var counts = LossCounts()
    for batch in batches { counts += LossCounts(batch) }
    var sums = LossSums()
    for batch in batches {
      sums += try objective.accumulate(batch, model: model, counts: counts)
    }
    let accumulated = model.gradients.elements.map(Double.init)
    model.gradients.zero()
    let whole = try merged(batches)
    #expect(LossCounts(whole) == counts)
    let wholeSums = try objective.accumulate(whole, model: model, counts: counts)
    let (a, b) = (sums.total(counts, configuration), wholeSums.total(counts, configuration))
    // Float products in another order: 1e-5 of the largest gradient.
    #expect(abs(a - b) < 1e-6 * b)
    #expect(relativeError(model.gradients.elements.map { $0 }, accumulated) < 1e-5)
  }

  @Test("the triple loss has the gradient of its value, through the whole model")
  func finiteDifferences() throws {
    let configuration = configuration()
    let batch = try #require(try onlineSource(configuration).batch(epoch: 0, index: 0))
    let model = TinyWorld.model(seed: 42)
    let objective = DistillationObjective(configuration)
    let counts = LossCounts(batch)
    func loss() throws -> Double {
      try objective.accumulate(batch, model: model, counts: counts).total(counts, configuration)
    }
    _ = try loss()
    let gradient = model.gradients.elements.map { $0 }
    for entry in model.layout.entries {
      // Along the gradient's own direction within a tensor the slope is its norm.
      let range = entry.offset..<entry.offset + entry.count
      let norm = gradient[range].reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      guard norm > 1e-4 else { continue }
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
      // Float forward passes: rounding 1e-6 of a loss of 20 over 2h, and curvature h².
      #expect(abs(slope - norm) < 0.02 * norm + 5e-3, "\(entry.name)")
    }
  }

  @Test("a loss with a weight but nothing to train it on is an error, never silence")
  func missingTargets() throws {
    let folder = try TemporaryFolder()
    let configuration = configuration()
    let hard = try CorpusBatchSource(
      corpus: world.corpus, masks: world.masks(), configuration: configuration)
    let error = #expect(throws: StudentTrainerError.self) {
      try Trainer(
        model: TinyWorld.model(seed: 44), source: hard, configuration: configuration,
        folder: folder.url
      ).run()
    }
    #expect("\(try #require(error))".contains("soft-target loss (alphaCE 5.0)"))
    var noSoft = configuration
    noSoft.alphaCE = 0
    let cosine = #expect(throws: StudentTrainerError.self) {
      try Trainer(
        model: TinyWorld.model(seed: 44), source: hard, configuration: noSoft,
        folder: folder.url.appending(path: "cosine")
      ).run()
    }
    #expect("\(try #require(cosine))".contains("cosine loss"))
  }

  @Test("a tail that the source cannot serve is an error")
  func wrongTail() throws {
    var configuration = configuration()
    configuration.tail = .bucket
    let batch = try #require(try onlineSource(configuration).batch(epoch: 0, index: 0))
    let objective = DistillationObjective(configuration)
    let error = #expect(throws: StudentTrainerError.self) {
      try objective.accumulate(
        batch, model: TinyWorld.model(seed: 45), counts: LossCounts(batch))
    }
    #expect("\(try #require(error))".contains("'bucket'"))
  }

  @Test("not-a-number stops the run before the parameters are touched, naming step and sequences")
  func notANumber() throws {
    let folder = try TemporaryFolder()
    var configuration = configuration()
    configuration.steps = 4
    configuration.intervals.checkpoint = 1
    var batches = Array(try allBatches(onlineSource(configuration)).prefix(4))
    guard case .logits(let targets) = batches[2].softTargets else { throw Interruption() }
    targets.matrix.row(1)[5] = .nan
    let model = TinyWorld.model(seed: 46)
    let error = #expect(throws: StudentTrainerError.self) {
      try Trainer(
        model: model, source: FixedSource(batches: batches), configuration: configuration,
        folder: folder.url
      ).run()
    }
    #expect(
      error
        == .nonFinite(
          step: 2, what: "the loss", sequences: batches[2].references,
          checkpoint: folder.url.appending(path: "checkpoints/step-0000002").path))
    #expect(model.parameters.elements.allSatisfy { $0.isFinite })
    // They are those of the checkpoint after two steps.
    batches.removeLast(2)
    let state = try Safetensors(
      url: folder.url.appending(path: "checkpoints/step-0000002/parameters.safetensors"))
    for entry in model.layout.entries {
      let saved = try state.floats(entry.name)
      let found = UnsafeBufferPointer(
        start: model.parameters.base + entry.offset, count: entry.count)
      #expect(saved.map(\.bitPattern) == found.map(\.bitPattern))
    }
  }

  @Test("the same batch gives the same losses, bit for bit")
  func repeats() throws {
    let configuration = configuration()
    let batch = try #require(try onlineSource(configuration).batch(epoch: 0, index: 0))
    let objective = DistillationObjective(configuration)
    let model = TinyWorld.model(seed: 47)
    let first = try objective.accumulate(batch, model: model, counts: LossCounts(batch))
    #expect(first.soft > 0 && first.hard > 0 && first.cosine > 0)
    let again = try objective.accumulate(batch, model: model, counts: LossCounts(batch))
    #expect(first == again)
  }
}
