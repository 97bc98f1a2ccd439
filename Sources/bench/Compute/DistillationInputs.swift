import Corpus
import Foundation
import LogitCache
import StudentTrainer
import Transformer

/// Batches with soft targets: from a cache, and from the teacher that filled it.
struct DistillationInputs {
  private let scratch: ScratchFolder
  private let teacher: URL
  /// The text that was cached.
  let corpus: TokenizedCorpus
  private let masks: MaskSpecification
  private let recipe: TrainingConfiguration
  /// The cache's folder.
  let cache: URL
  private let precision: ComputePrecision

  /// Has a teacher fill a cache of about so many batches: heads of 16 with a rank of 64, and states.
  init(
    _ context: ComputeContext, teacher: URL, recipe: TrainingConfiguration, batches: Int,
    _ precision: ComputePrecision
  ) throws {
    scratch = context.scratch
    self.teacher = teacher
    self.recipe = recipe
    self.precision = precision
    // One more, because the last sequence of the text is shorter.
    corpus = try context.text.sequences(tokens: recipe.batchTokens * (batches + 1))
    masks = MaskSpecification(corpus: corpus.manifest, seed: 1)
    cache = scratch.fresh("cache")
    _ = try CacheMaker(
      teacher: ComputeModels.load(teacher, precision), corpus: corpus, masks: masks
    ).fill(cache, target: TargetSpecification(headK: 16, tail: .lowrank), states: .int8)
  }

  /// The batches as `train-student --from-cache` takes them.
  func cachedSource() throws -> CacheBatchSource {
    try CacheBatchSource(reader: CacheReader(folder: cache), configuration: recipe)
  }

  /// The same batches with the teacher in memory.
  func onlineSource(_ positions: OnlineTeacherSource.Positions) throws -> OnlineTeacherSource {
    try OnlineTeacherSource(
      teacher: ComputeModels.load(teacher, precision), corpus: corpus, masks: masks,
      positions: positions, configuration: recipe)
  }

  /// Masked positions of a token.
  var headShare: Double { masks.probability * 126 / 128 }

  /// Writes the first batches of whole sequences for another process.
  func export(batches: Int) throws -> [String] {
    let source = try cachedSource()
    var files: [String] = []
    for index in 0..<(try source.batchCount(epoch: 0)) where files.count < batches {
      guard let batch = try source.batch(epoch: 0, index: index),
        batch.packed.tokenCount == recipe.batchTokens
      else { continue }
      let file = scratch.fresh("batch")
      try BatchFile.write(batch, to: file)
      files.append(file.path)
    }
    guard files.count == batches else {
      throw ComputeFailure("the text has no \(batches) batches of \(recipe.batchTokens) tokens")
    }
    return files
  }

  /// The student's loss on the first batch that `export` writes.
  struct Losses {
    /// With the cache's targets.
    let cached: Double
    /// With the teacher's, at the masked positions and at all.
    let masked: Double
    let allPositions: Double
  }

  /// Computes the losses of a student before any step.
  func losses(of student: URL, _ precision: ComputePrecision) throws -> Losses {
    let sources: [any BatchSource] = [
      try cachedSource(), try onlineSource(.masked), try onlineSource(.all),
    ]
    let losses = try sources.map { try loss(of: student, $0, precision) }
    return Losses(cached: losses[0], masked: losses[1], allPositions: losses[2])
  }

  private func loss(
    of student: URL, _ source: any BatchSource, _ precision: ComputePrecision
  ) throws -> Double {
    let model = try ComputeModels.load(student, precision)
    for index in 0..<(try source.batchCount(epoch: 0)) {
      guard let batch = try source.batch(epoch: 0, index: index),
        batch.packed.tokenCount == recipe.batchTokens
      else { continue }
      let counts = LossCounts(batch)
      return try DistillationObjective(recipe).accumulate(batch, model: model, counts: counts)
        .total(counts, recipe)
    }
    throw ComputeFailure("the text has no batch of \(recipe.batchTokens) tokens")
  }
}
