import Console
import Corpus
import Foundation
import Kernels
import LogitCache
import StudentTrainer
import Tokenizer
import Transformer

/// What a cache costs in held-out loss: one student, seed, order and masks, trained three ways.
struct CachedVersusOnline {
  let teacher: URL
  let text: URL
  let heldOut: URL
  /// Optimiser steps, nil for the demo's epochs.
  let steps: Int?
  let scratch: ScratchFolder

  /// Seed of the masks of training.
  private static let maskSeed: UInt64 = 1
  /// Epochs, replicas, layers and batches as `make demo` has them.
  private static let (epochs, replicas, layers, batchTokens) = (4, 4, 2, 2048)
  /// How far the loss may be from online training: the whole distribution in int8, a
  /// head of 16 with a rank of 64, and 64 IDs.
  private static let (hiddenLimit, lowRankLimit, bucketLimit) = (0.005, 0.005, 0.02)
  /// How far bf16 may be from single precision.
  private static let bfloat16Limit = 0.01

  /// Trains, prints the losses and the differences.
  ///
  /// - Returns: Whether both differences are below their limits.
  func run() throws -> Bool {
    let corpus = try tokenize(text)
    let evaluator = try HeldOut.evaluator(tokenize(heldOut))
    let masks = MaskSpecification(
      corpus: corpus.manifest, seed: Self.maskSeed, replicas: Self.replicas)
    let recipe = recipe
    func online(_ name: String, _ recipe: TrainingConfiguration) throws -> Double {
      try train(
        name, recipe, evaluator,
        OnlineTeacherSource(
          teacher: MaskedLanguageModel.load(folder: teacher), corpus: corpus, masks: masks,
          positions: .masked, configuration: recipe))
    }
    let exact = try online("online teacher", recipe)
    var table = TextTable(["targets", "held-out loss", "difference", "limit"])
    table.add(["online teacher", Format.fixed(exact, 5), "", ""])
    var holds = true
    func compare(_ name: String, _ loss: Double, limit: Double) {
      let difference = abs(loss - exact) / exact
      holds = holds && difference < limit
      table.add([name, Format.fixed(loss, 5), percent(difference), percent(limit)])
    }
    var rough = recipe
    rough.precision = .bf16
    let name = "online teacher, bf16"
    compare(name, try online(name, rough), limit: Self.bfloat16Limit)
    for (target, tail, limit) in [
      (TargetSpecification(headK: 0, tail: .hidden), TailTreatment.full, Self.hiddenLimit),
      (TargetSpecification(headK: 16, tail: .lowrank), .shaped, Self.lowRankLimit),
      (TargetSpecification(headK: 64, tail: .scalars), .bucket, Self.bucketLimit),
    ] {
      let name = "cache, tail \(target.tail.rawValue), \(tail.rawValue)"
      var cached = recipe
      cached.tail = tail
      compare(
        name, try train(name, cached, evaluator, cache(target, corpus, masks, cached)),
        limit: limit)
    }
    Terminal.output(table.text)
    if !holds { Terminal.note("a student is further from the online one than it may be") }
    return holds
  }

  private var recipe: TrainingConfiguration {
    var recipe = TrainingConfiguration()
    recipe.epochs = Self.epochs
    recipe.batchTokens = Self.batchTokens
    recipe.steps = steps
    recipe.intervals.checkpoint = 0
    return recipe
  }

  private func percent(_ share: Double) -> String { "\(Format.fixed(100 * share, 3)) %" }

  private func tokenize(_ text: URL) throws -> TokenizedCorpus {
    let folder = scratch.fresh("corpus")
    _ = try CorpusBuilder(
      tokenizer: WordPieceTokenizer.load(folder: teacher),
      options: CorpusOptions(documentUnit: .file)
    ).build(inputs: [text], into: folder)
    return try TokenizedCorpus.open(folder: folder)
  }

  private func cache(
    _ target: TargetSpecification, _ corpus: TokenizedCorpus, _ masks: MaskSpecification,
    _ recipe: TrainingConfiguration
  ) throws -> CacheBatchSource {
    let folder = scratch.fresh("cache")
    let maker = CacheMaker(
      teacher: try MaskedLanguageModel.load(folder: teacher), corpus: corpus, masks: masks)
    let seconds = try maker.fill(folder, target: target, states: .int8)
    Terminal.note("cache with tail \(target.tail.rawValue): \(Format.duration(seconds))")
    return try CacheBatchSource(reader: CacheReader(folder: folder), configuration: recipe)
  }

  /// Trains the student and returns its held-out loss.
  private func train(
    _ name: String, _ recipe: TrainingConfiguration, _ evaluator: Evaluator,
    _ source: any BatchSource
  ) throws -> Double {
    let depth = try ConfigurationFile.read(folder: teacher).numHiddenLayers
    let layers = StudentInitialiser.evenlySpread(
      studentLayers: min(Self.layers, depth), teacherLayers: depth)
    let student = try StudentInitialiser.student(
      StudentInitialiser.configuration(forTeacher: teacher, layers: layers),
      fromTeacher: teacher, options: StudentInitialiser.Options(layers: layers))
    let folder = scratch.fresh("student")
    let result = try Trainer(
      model: student, source: source, configuration: recipe, folder: folder, evaluator: evaluator
    ).run()
    try FileManager.default.removeItem(at: folder)
    guard let evaluation = result.summary.evaluation else {
      preconditionFailure("a run with an evaluator ends in an evaluation")
    }
    Terminal.note(
      "\(name): loss \(Format.fixed(evaluation.evalLoss, 5)) after \(result.summary.steps) steps, "
        + Format.duration(result.summary.seconds))
    return evaluation.evalLoss
  }
}
