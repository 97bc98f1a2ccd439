import Kernels
package import Transformer

/// The loss of one batch, forward and backward.
///
///     loss = alphaCE · mean(T² divergence) + alphaMLM · mean(cross entropy) + alphaCos · mean(1 - cos)
///            + hidden.weight · sum over pairs of layers of the mean of `HiddenLoss`
///
/// Each mean runs over the rows of the whole optimiser step, so that accumulated batches equal one
/// large batch. Rows that no loss needs are not put through the head. Owns scratch memory; one caller
/// at a time.
package final class DistillationObjective {
  /// Weights, temperature and tail; of each step its own where they follow a schedule.
  package var configuration: TrainingConfiguration
  /// Whether the cosine loss has a weight at any step, and so the first projection.
  private let hasCosine: Bool
  private let stateLoss = StateLoss()
  private let sliceFloats: Int
  private let teacherScratch = TeacherScratch()

  /// The objective of a configuration.
  ///
  /// - Parameters:
  ///   - configuration: Weights, temperature, tail and divergence.
  ///   - sliceFloats: Floats of the teacher's logits that are made at a time, but 16 rows at least;
  ///     8 MiB unless given.
  package init(_ configuration: TrainingConfiguration, sliceFloats: Int = 1 << 21) {
    self.configuration = configuration
    hasCosine = configuration.alphaCos > 0
    self.sliceFloats = sliceFloats
  }

  /// Encodes a batch, computes its losses, and adds their gradients to the model's.
  ///
  /// - Parameters:
  ///   - batch: What to train on.
  ///   - model: The student; the caller zeroes its gradients between optimiser steps.
  ///   - counts: Rows of each loss in the whole optimiser step.
  /// - Returns: Sums over the rows of this batch.
  /// - Throws: `StudentTrainerError.missingTargets` or `.mismatch` where a loss has a weight and the
  ///   batch lacks what it needs; nothing has been computed then.
  package func accumulate(
    _ batch: TrainingBatch, model: MaskedLanguageModel, counts: LossCounts
  ) throws -> LossSums {
    try check(batch, model: model)
    let batch = batch.needingHead(
      soft: configuration.alphaCE > 0, hard: configuration.alphaMLM > 0)
    model.encode(
      batch.packed, training: true, lastLayerAt: tokensOfLastLayer(batch, model: model))
    var sums = LossSums()
    if configuration.alphaCos > 0, let states = batch.teacherStates {
      sums.cosine = cosine(
        states, model: model, weight: configuration.alphaCos / Double(counts.cosine))
    }
    var weights = RowWeights(softWeight: 0, hardWeight: 0)
    if counts.soft > 0 { weights.softWeight = configuration.alphaCE / Double(counts.soft) }
    if counts.hard > 0 { weights.hardWeight = configuration.alphaMLM / Double(counts.hard) }
    var losses = [SoftTargetLossKernels.Loss](
      repeating: .init(soft: 0, hard: 0), count: batch.rows.count)
    losses.withUnsafeMutableBufferPointer { losses in
      let losses = losses
      let slice = max(16, sliceFloats / model.configuration.vocabSize)
      StepProfile.time(.headAndLoss) {
        model.trainHead(rows: batch.rows, sliceRows: slice) { range, logits in
          evaluate(batch, range: range, logits: logits, weights: weights, into: losses)
        }
      }
    }
    var hiddenSum = 0.0
    model.backward { layer, gradient in
      hiddenSum += hidden(batch, layer: layer, gradient: gradient, model: model, counts: counts)
    }
    sums.hidden = hiddenSum
    // In the order of the rows, so that the sums do not depend on the thread count.
    for loss in losses {
      sums.soft += loss.soft
      sums.hard += loss.hard
    }
    return sums
  }

  /// Tokens at which some loss reads the last layer, rising.
  private func tokensOfLastLayer(_ batch: TrainingBatch, model: MaskedLanguageModel) -> [Int32] {
    var wanted = [batch.rows]
    if configuration.alphaCos > 0, let states = batch.teacherStates { wanted.append(states.rows) }
    if let hidden = configuration.hidden {
      for pair in hidden.pairs where pair.student == model.configuration.numHiddenLayers {
        if let states = batch.innerStates[pair.teacher] { wanted.append(states.rows) }
      }
    }
    guard wanted.contains(where: { $0 != wanted[0] }) else { return wanted[0] }
    return Set(wanted.joined()).sorted()
  }

  private struct RowWeights {
    var softWeight: Double
    var hardWeight: Double
  }

  /// Replaces the logits of a chunk by their gradient.
  private func evaluate(
    _ batch: TrainingBatch, range: Range<Int>, logits: Matrix, weights: RowWeights,
    into losses: UnsafeMutableBufferPointer<SoftTargetLossKernels.Loss>
  ) {
    let usesSoft = configuration.alphaCE > 0
    // Soft indexes rise with the rows, so those of a chunk are one range.
    let targets =
      usesSoft
      ? ChunkTargets(
        batch.softTargets, batch.softRange(range), temperature: configuration.temperature,
        tail: configuration.tail,
        scratch: teacherScratch) : nil
    let configuration = configuration
    Parallel.forEach(range.count) { part in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: targets?.scratchCount ?? 1) {
        scratch in
        for offset in part {
          let index = range.lowerBound + offset
          let row = logits.row(offset)
          let label = configuration.alphaMLM > 0 ? batch.labels[index] : -1
          let soft = usesSoft ? Int(batch.softIndexes[index]) : -1
          let options = SoftTargetLossKernels.Options(
            temperature: configuration.temperature, softWeight: weights.softWeight,
            hardWeight: weights.hardWeight, label: label,
            divergence: configuration.divergence?.kernel ?? .forward)
          if soft >= 0, let targets {
            losses[index] = targets.loss(soft, row: row, options: options, scratch: scratch)
          } else if label >= 0 {
            losses[index] = SoftTargetLossKernels.hardTarget(
              row, label: label, weight: weights.hardWeight)
          } else {
            row.update(repeating: 0)
          }
        }
      }
    }
  }

  /// Adds the cosine loss's gradient to that of the last hidden states.
  private func cosine(_ states: TeacherStates, model: MaskedLanguageModel, weight: Double) -> Double
  {
    stateLoss.accumulate(
      .cosine, states, layer: model.configuration.numHiddenLayers, model: model,
      projection: projection(ofCosine: model), weight: weight, gradient: model.lastHiddenGradient)
  }

  /// Adds the hidden-state loss's gradient to that of one layer's states.
  private func hidden(
    _ batch: TrainingBatch, layer: Int, gradient: Matrix, model: MaskedLanguageModel,
    counts: LossCounts
  ) -> Double {
    guard let loss = configuration.hidden, loss.weight > 0 else { return 0 }
    var sum = 0.0
    for (index, pair) in loss.pairs.enumerated() where pair.student == layer {
      guard let states = batch.innerStates[pair.teacher] else { continue }
      sum += stateLoss.accumulate(
        loss.kind, states, layer: layer, model: model,
        projection: projection(ofPair: index, model), weight: loss.weight / Double(counts.hidden),
        gradient: gradient)
    }
    return sum
  }

  /// The projection of the cosine loss; nil where the student has none.
  func projection(ofCosine model: MaskedLanguageModel) -> Int? {
    model.layout.projectionCount > 0 ? 0 : nil
  }

  /// The projection of a pair of layers; nil where the student has none.
  func projection(ofPair index: Int, _ model: MaskedLanguageModel) -> Int? {
    model.layout.projectionCount > 0 ? index + (hasCosine ? 1 : 0) : nil
  }
}
