import Foundation
import StudentTrainer
import Transformer

/// How a training step's time grows with its tokens, and with the vocabulary.
struct GrowthBenchmark {
  let context: ComputeContext

  /// The slowest rate by the fastest, a token: 1 is linear.
  func tokens(_ precision: ComputePrecision) throws -> [ComputeRow] {
    let folder = try context.models.folder(.distilBert, layers: 3, hidden: 384)
    let model = try ComputeModels.load(folder, precision)
    let sizes = context.plan.stepTokens
    let rates = try sizes.map { size in
      try rate(model, of: context.text.batches(of: size / 128, batches: 1)[0])
    }
    return rows(
      "MLM step 3x384, tokens of a step", sizes, rates, unit: "tokens/s", precision)
  }

  /// The slowest rate by the fastest, an entry of the vocabulary: head and optimiser are nearly all.
  func vocabulary(_ precision: ComputePrecision) throws -> [ComputeRow] {
    let sizes = context.plan.vocabularies
    let rates = try sizes.map { size in
      let model = MaskedLanguageModel(
        configuration: EncoderConfiguration(
          architecture: .distilBert, vocabSize: size, hiddenSize: 128, numHiddenLayers: 1,
          numAttentionHeads: 2, intermediateSize: 512))
      precision.apply(to: model)
      model.initializeRandomly(seed: 1)
      let ids = (0..<512).map { Int32($0 * 7919 % size) }
      let rows = ids.indices.map(Int32.init)
      let batch = TrainingBatch(
        packed: PackedBatch(sequences: [ids]), references: [], rows: rows, labels: ids,
        softIndexes: rows.map { _ in -1 })
      return try Double(size) * rate(model, of: batch)
    }
    return rows(
      "MLM step 1x128, every token labelled, vocabulary", sizes, rates, unit: "tokens·IDs/s",
      precision)
  }

  /// Tokens a second of the best of some steps.
  private func rate(_ model: MaskedLanguageModel, of batch: TrainingBatch) throws -> Double {
    let turns = TrainingTurns(
      model, source: RepeatedBatches(batches: [batch]), configuration: .hardLabels,
      folder: context.scratch.fresh("run"), stepsPerTurn: 1)
    defer { turns.stop() }
    // The first step makes the memory plan. Many steps of a small batch, few of a large one.
    let runs = max(2, min(context.plan.rounds + 1, 20_000 / batch.packed.tokenCount))
    return try (0...runs).map { _ in try turns.rate() }.dropFirst().max() ?? 0
  }

  private func rows(
    _ work: String, _ sizes: [Int], _ rates: [Double], unit: String, _ precision: ComputePrecision
  ) -> [ComputeRow] {
    let best = rates.max() ?? 0
    return zip(sizes, rates).map { size, rate in
      ComputeRow(
        work: "\(work) \(size)", precision: precision, unit: unit,
        ours: rate, peer: "fastest of these", peerValue: best)
    }
  }
}
