import Foundation
import Kernels
import StudentTrainer
import TestSupport
import Testing
import Transformer

/// The 12 training steps that PyTorch took in float64: `fixtures/models/distilbert-mlm`.
@Suite(.enabled(if: SharedFixtures.available, "skipped: ../shared is missing"))
struct AdamWTraceTests {
  struct Trace: Decodable {
    struct Steps: Decodable {
      let steps: Int
      let warmup: Int
      let lr: Double
      let betas: [Double]
      let eps: Double
      let weightDecay: Double
      let clipNorm: Double
      let loss: [Double]
      let gradNormBeforeClip: [Double]
      let learningRate: [Double]
    }
    let temperature: Double
    let alphaCe: Double
    let alphaMlm: Double
    let alphaCos: Double
    let adamw: Steps
  }

  let trace: Trace
  let tensors: Safetensors
  let folder: URL

  init() throws {
    folder = try #require(SharedFixtures.url("fixtures/models/distilbert-mlm"))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    trace = try decoder.decode(
      Trace.self, from: Data(contentsOf: folder.appending(path: "expected.json")))
    tensors = try Safetensors(url: folder.appending(path: "expected.safetensors"))
  }

  /// The fixture's batch without its padding; soft rows at real positions, or at masked ones.
  func batch(maskedOnly: Bool) throws -> TrainingBatch {
    let shape = try #require(tensors.shape(of: "input_ids"))
    let (ids, mask) = (try tensors.integers("input_ids"), try tensors.integers("attention_mask"))
    let labels = try tensors.integers("labels")
    let logits = try tensors.floats("teacher_logits")
    let hidden = try tensors.floats("teacher_hidden")
    let vocab = logits.count / ids.count
    let width = hidden.count / ids.count
    var tokens: [Int32] = []
    var starts: [Int32] = [0]
    var rowLabels: [Int32] = []
    var real: [Int] = []
    for sequence in 0..<shape[0] {
      for position in sequence * shape[1]..<(sequence + 1) * shape[1] where mask[position] == 1 {
        tokens.append(Int32(ids[position]))
        rowLabels.append(labels[position] == -100 ? -1 : Int32(labels[position]))
        real.append(position)
      }
      starts.append(Int32(tokens.count))
    }
    let soft = real.indices.filter { !maskedOnly || rowLabels[$0] >= 0 }
    let targets = LogitTargets(rows: soft.count, vocabSize: vocab)
    for (row, index) in soft.enumerated() {
      let start = real[index] * vocab
      _ = targets.matrix.row(row).update(from: logits[start..<start + vocab])
    }
    var softIndexes = [Int32](repeating: -1, count: real.count)
    for (row, index) in soft.enumerated() { softIndexes[index] = Int32(row) }
    return TrainingBatch(
      packed: PackedBatch(tokenIDs: tokens, sequenceStarts: starts), references: [],
      rows: real.indices.map { Int32($0) }, labels: rowLabels, softIndexes: softIndexes,
      softTargets: .logits(targets),
      teacherStates: TeacherStates(
        rows: real.indices.map { Int32($0) }, hiddenSize: width,
        values: real.flatMap { hidden[$0 * width..<($0 + 1) * width] }))
  }

  func configuration() -> TrainingConfiguration {
    var configuration = TrainingConfiguration()
    configuration.alphaCE = trace.alphaCe
    configuration.alphaMLM = trace.alphaMlm
    configuration.alphaCos = trace.alphaCos
    configuration.temperature = trace.temperature
    return configuration
  }

  @Test("the triple loss and its parts equal PyTorch's, over all real and over masked positions")
  func losses() throws {
    let model = try MaskedLanguageModel.load(folder: folder)
    let objective = DistillationObjective(configuration())
    for (maskedOnly, ceName, totalName) in [
      (false, "loss_ce", "loss"), (true, "loss_ce_masked", "loss_total_masked"),
    ] {
      let batch = try batch(maskedOnly: maskedOnly)
      let counts = LossCounts(batch)
      let sums = try objective.accumulate(batch, model: model, counts: counts)
      // 1e-4 relative: a float forward pass against float64.
      func expect(_ found: Double, _ name: String) throws {
        let expected = try tensors.doubles(name)[0]
        #expect(abs(found - expected) <= 1e-4 * expected, "\(name)")
      }
      try expect(sums.soft / Double(counts.soft), ceName)
      try expect(sums.hard / Double(counts.hard), "loss_mlm")
      try expect(sums.cosine / Double(counts.cosine), "loss_cos")
      try expect(sums.total(counts, configuration()), totalName)
    }
  }

  @Test("gradients of the triple loss equal PyTorch's")
  func gradients() throws {
    let model = try MaskedLanguageModel.load(folder: folder)
    let batch = try batch(maskedOnly: false)
    _ = try DistillationObjective(configuration()).accumulate(
      batch, model: model, counts: LossCounts(batch))
    for entry in model.layout.entries {
      let expected = try tensors.doubles("grad.\(entry.name)")
      let found = UnsafeBufferPointer(
        start: model.gradients.base + entry.offset, count: entry.count)
      let scale = expected.map(abs).max() ?? 0
      // A key's bias has no gradient but rounding (softmax ignores it): the absolute part.
      for (mine, theirs) in zip(found, expected) {
        #expect(abs(Double(mine) - theirs) <= 1e-4 * scale + 1e-6, "\(entry.name)")
      }
    }
  }

  @Test("12 steps of AdamW give PyTorch's losses, norms, rates and weights")
  func twelveSteps() throws {
    let model = try MaskedLanguageModel.load(folder: folder)
    let objective = DistillationObjective(configuration())
    let steps = trace.adamw
    let optimizer = AdamW(
      layout: model.layout,
      options: AdamW.Options(
        beta1: steps.betas[0], beta2: steps.betas[1], epsilon: steps.eps,
        weightDecay: steps.weightDecay))
    let schedule = RateSchedule(
      peak: steps.lr, warmupSteps: steps.warmup, totalSteps: steps.steps)
    let batch = try batch(maskedOnly: false)
    let counts = LossCounts(batch)
    for step in 0..<steps.steps {
      model.gradients.zero()
      let sums = try objective.accumulate(batch, model: model, counts: counts)
      let loss = sums.total(counts, configuration())
      let norm = GradientClipping.norm(model.gradients)
      let rate = schedule.rate(step: step)
      // The bound: each step's loss within 1e-4 relative; norms likewise.
      #expect(abs(loss - steps.loss[step]) <= 1e-4 * steps.loss[step], "step \(step)")
      #expect(abs(norm - steps.gradNormBeforeClip[step]) <= 1e-4 * norm, "step \(step)")
      #expect(abs(rate - steps.learningRate[step]) < 1e-12, "step \(step)")
      optimizer.update(
        model.parameters, gradients: model.gradients, learningRate: rate,
        gradientScale: GradientClipping.coefficient(norm: norm, maxNorm: steps.clipNorm))
    }
    for entry in model.layout.entries {
      let expected = try tensors.doubles("trained.\(entry.name)")
      let found = UnsafeBufferPointer(
        start: model.parameters.base + entry.offset, count: entry.count)
      for (mine, theirs) in zip(found, expected) {
        // Adam divides tiny gradients by tiny roots: rounding of a gradient of 1e-8 moves a weight
        // by up to a step of 1e-3, so the bound is on most of the largest change, 5e-3 in all.
        #expect(abs(Double(mine) - theirs) < 2e-4, "\(entry.name)")
      }
    }
  }
}
