import Foundation
import Kernels
import StudentTrainer
import Transformer

/// What each kind of soft target costs a training step, beside the student's own head.
struct SoftTargetBenchmark {
  private static let (vocabSize, hidden, rank, k) = (30_522, 384, 64, 16)
  /// Columns of a rank that a trainer multiplies: those kept, and those estimated from the head.
  private static let columns = 96
  private let model: MaskedLanguageModel
  private let batch: TrainingBatch

  init() {
    let configuration = EncoderConfiguration(
      architecture: .distilBert, vocabSize: Self.vocabSize, hiddenSize: Self.hidden,
      numHiddenLayers: 1, numAttentionHeads: 12, intermediateSize: 4 * Self.hidden)
    model = MaskedLanguageModel(configuration: configuration)
    model.initializeRandomly(seed: 1)
    let packed = PackedBatch(
      sequences: (0..<4).map { sequence in
        (0..<128).map { Int32(($0 * 7919 + sequence * 104_729) % Self.vocabSize) }
      })
    let rows = (0..<packed.tokenCount).map(Int32.init)
    batch = TrainingBatch(
      packed: packed, references: [], rows: rows, labels: rows.map { _ in -1 }, softIndexes: rows)
  }

  func rows(_ plan: MeasuringPlan) -> [ResultRow] {
    let count = batch.rows.count
    model.encode(batch.packed, training: true)
    let logits = LogitTargets(rows: count, vocabSize: Self.vocabSize)
    for index in 0..<logits.matrix.count { logits.matrix.base[index] = 16 * Self.noise(index) }
    let kinds: [(name: String, run: () -> Void)] = [
      ("the head alone", { model.trainHead(rows: batch.rows) { _, _ in } }),
      ("whole rows", step(.logits(logits))),
      ("whole rows, reverse", step(.logits(logits), .reverse)),
      ("whole rows, Jensen-Shannon", step(.logits(logits), .jensenShannon)),
      ("head \(Self.k) + rank \(Self.rank)", step(.shaped(shaped(count)))),
      ("head \(Self.k), bucket", step(.heads(heads(count)))),
    ]
    // Processor time, the best of interleaved runs: differences of small parts, on a machine that
    // others may use.
    var best = kinds.map { _ in Double.infinity }
    for _ in 0...2 * plan.runs {
      for (index, kind) in kinds.enumerated() {
        let start = clock()
        kind.run()
        best[index] = min(best[index], Double(clock() - start) / Double(CLOCKS_PER_SEC))
      }
    }
    let steps = zip(kinds, best).dropFirst().map { kind, seconds in
      ResultRow(
        name: "step 1x\(Self.hidden), \(kind.name)", unit: "rows/CPU s",
        ours: Double(count) / seconds)
    }
    return steps + [
      ResultRow(
        name: "rank \(Self.rank) rows, of the student's head", unit: "%",
        ours: 100 * (best[4] - best[1]) / best[0])
    ]
  }

  /// A step's forward and backward pass.
  private func step(
    _ targets: SoftTargets, _ divergence: Divergence = .forward
  ) -> () -> Void {
    var (batch, configuration) = (batch, TrainingConfiguration())
    batch.softTargets = targets
    configuration.alphaMLM = 0
    configuration.alphaCos = 0
    configuration.divergence = divergence
    let objective = DistillationObjective(configuration)
    return { [batch] in
      do {
        _ = try objective.accumulate(batch, model: model, counts: LossCounts(batch))
      } catch {
        preconditionFailure("targets that do not fit the student: \(error)")
      }
    }
  }

  private func shaped(_ count: Int) -> ShapedTargets {
    let (vocab, rank, k) = (Self.vocabSize, Self.columns, Self.k)
    let decoder = TeacherDecoder(
      weight: (0..<vocab * rank).map(Self.noise), bias: (0..<vocab).map(Self.noise),
      hiddenSize: rank)
    return ShapedTargets(
      decoder: decoder, count: count, headK: k,
      inputs: (0..<count * rank).map { 4 * Self.noise($0 + 7) }, ids: ids(count),
      headLogits: (0..<count * k).map { -Float($0 % k) / 4 },
      tailPartitions: (0..<count).flatMap { _ in [Float(1), 5] })
  }

  private func heads(_ count: Int) -> HeadTargets {
    let (ids, k) = (ids(count), Self.k)
    var heads = HeadTargets()
    for row in 0..<count {
      heads.append(
        ids: ids[row * k..<(row + 1) * k],
        probabilities: [Float](repeating: 0.9 / Float(k), count: k),
        tailMass: 0.1)
    }
    return heads
  }

  private func ids(_ count: Int) -> [Int32] {
    (0..<count * Self.k).map { Int32(($0 / Self.k * 31 + $0 % Self.k * 1009) % Self.vocabSize) }
  }

  /// Numbers of -0.5 ..< 0.5 without a pattern that rows would share.
  private static func noise(_ index: Int) -> Float {
    var z = UInt64(index) &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    return Float(z >> 40) / Float(1 << 24) - 0.5
  }
}
