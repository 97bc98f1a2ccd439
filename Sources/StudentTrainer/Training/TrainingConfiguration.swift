package import Kernels

/// What a run does with the teacher's mass outside the kept IDs.
package enum TailTreatment: String, Codable, Sendable, CaseIterable {
  /// One event for the whole tail: a lower bound of the full divergence. The default of heads.
  case bucket
  /// Spread evenly over the IDs that are not kept.
  case uniform
  /// Dropped, the kept probabilities divided by their sum: biased, for comparison.
  case renormalise
  /// Its mass in the shape of the low-rank logits; the default of targets that have them.
  case shaped
  /// The whole distribution, from a cache with `hidden` tails or from a teacher in memory.
  case full
}

/// Everything that determines a training run; the defaults are DistilBERT's recipe but for its large
/// steps, see `batchSequences`.
///
/// - Source: Sanh et al. 2019 and the authors' training script.
package struct TrainingConfiguration: Codable, Hashable, Sendable {
  /// Weight of T² times the divergence from the teacher's soft targets.
  package var alphaCE = 5.0
  /// Weight of the masked tokens' cross entropy.
  package var alphaMLM = 2.0
  /// Weight of one minus the cosine of the last hidden states.
  package var alphaCos = 1.0
  /// T of the soft targets, `> 0`; tails of `scalars` and `lowrank` serve T of 1 and above.
  package var temperature = 2.0
  /// What becomes of the tail; nil takes what the targets can do best.
  package var tail: TailTreatment?
  /// What the soft-target loss measures; nil is the forward KL, which is always kept as nil so that
  /// runs of before there was a choice are recognised.
  package var divergence: Divergence? {
    didSet { if divergence == .forward { divergence = nil } }
  }
  /// Kept IDs that are used of a cache's head, the largest first; nil uses all.
  package var headK: Int?
  /// Coefficients that are used of a cache's tail `lowrank`; nil uses all.
  package var rank: Int?

  /// What products multiply; nil is single precision, always kept as nil so that runs of before there
  /// was a choice are recognised.
  package var precision: Precision? {
    didSet { if precision == .fp32 { precision = nil } }
  }

  /// Schedules of loss weights and of the temperature; nil where all stay as they are.
  package var scheduled: ScheduledValues?
  /// The loss of inner states; nil for none.
  package var hidden: HiddenLoss?
  /// The share of a batch's kept positions, those of the teacher's highest entropy, on which the
  /// soft-target loss and those of states are computed; nil for all of them.
  package var positionsTopEntropy: Double?

  /// Peak learning rate.
  package var learningRate = 5e-4
  /// What the rate does after its warm-up; nil is linear, always kept as nil so that runs of before
  /// there was a choice are recognised.
  package var rateShape: RateSchedule.Shape? {
    didSet { if rateShape == .linear { rateShape = nil } }
  }
  /// Share of all steps over which a rate of the shape `wsd` falls; nil is 0.2.
  package var decayShare: Double?
  /// Factor of the rate for the masked-language-model head.
  package var headRateScale = 1.0
  /// Share of all steps that warms up; `warmupSteps` goes before it.
  package var warmupShare = 0.05
  /// Steps that warm up, or nil for the share.
  package var warmupSteps: Int?
  /// Adam's decay of the first moment.
  package var beta1 = 0.9
  /// Adam's decay of the second moment.
  package var beta2 = 0.98
  /// Adam's epsilon.
  package var epsilon = 1e-6
  /// Decoupled weight decay of everything but biases and layer norms.
  package var weightDecay = 0.0
  /// Largest norm of the gradients; 0 turns clipping off.
  package var clipNorm = 5.0

  /// Tokens of a batch, at most.
  package var batchTokens = 4096
  /// Batches of one optimiser step.
  package var accumulation = 1
  /// Sequences of one optimiser step, which takes whole batches until it has as many; goes before
  /// `accumulation`. Nil where that counts.
  package var batchSequences: Int?
  /// Blocks that are pooled and sorted by length together.
  package var windowBlocks = 32
  /// Passes over the corpus; `steps` goes before it.
  package var epochs = 3
  /// Optimiser steps of the whole run, or nil for the epochs.
  package var steps: Int?
  /// Seed of the order of batches.
  package var seed: UInt64 = 1

  /// What does not change the result: how often to report and save.
  package var intervals = Intervals()

  /// How often a run reports, evaluates and saves.
  package struct Intervals: Codable, Hashable, Sendable {
    /// Steps between lines of the metrics file; the first and last step always have one.
    package var log = 10
    /// Steps between evaluations; 0 evaluates at the end only.
    package var evaluation = 0
    /// Steps between checkpoints; 0 saves at the end only.
    package var checkpoint = 500
    /// Checkpoints that are kept, at least 1.
    package var keptCheckpoints = 2
    /// A loss above this many times its recent median ends the run; 0 lets it go on, nil is 3, which is
    /// always kept as nil.
    package var spikeFactor: Double? {
      didSet { if spikeFactor == DivergenceWatch.usualFactor { spikeFactor = nil } }
    }
    /// The factor with its default.
    package var usedSpikeFactor: Double { spikeFactor ?? DivergenceWatch.usualFactor }
    /// Batches prepared ahead of the trainer, at most.
    package var prefetchedBatches = 4

    /// The usual intervals.
    package init() {}
  }

  /// DistilBERT's recipe.
  package init() {}

  /// The same recipe without a teacher: cross entropy alone, for teachers and baselines.
  package static var hardLabels: TrainingConfiguration {
    var configuration = TrainingConfiguration()
    configuration.alphaCE = 0
    configuration.alphaMLM = 1
    configuration.alphaCos = 0
    return configuration
  }

  /// The optimiser's numbers.
  package var optimizer: AdamW.Options {
    AdamW.Options(
      beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay,
      headRateScale: headRateScale)
  }

  /// Decay of the rate `wsd` where nothing is said: within the 10 to 20 % that its authors found
  /// enough.
  package static let usualDecayShare = 0.2

  /// The rate of a run of `totalSteps`; shares are rounded up, as `transformers` does.
  package func schedule(totalSteps: Int) -> RateSchedule {
    func steps(_ share: Double) -> Int { Int((share * Double(totalSteps)).rounded(.up)) }
    return RateSchedule(
      rateShape ?? .linear, peak: learningRate, warmupSteps: warmupSteps ?? steps(warmupShare),
      decaySteps: steps(decayShare ?? Self.usualDecayShare), totalSteps: totalSteps)
  }

  /// Where the steps of a run end.
  package var stepRule: StepRule {
    batchSequences.map { .sequences($0) } ?? .batches(accumulation)
  }

  /// Throws `StudentTrainerError.invalidConfiguration` for the first value out of its range.
  package func validate() throws {
    func require(_ holds: Bool, _ field: String, _ value: Any, _ allowed: String) throws {
      guard holds else {
        throw StudentTrainerError.invalidConfiguration(
          field: field, value: "\(value)", allowed: allowed)
      }
    }
    let weights = [("alphaCE", alphaCE), ("alphaMLM", alphaMLM), ("alphaCos", alphaCos)]
    for (name, weight) in weights {
      try require(weight >= 0 && weight.isFinite, name, weight, "0 or more")
    }
    try require(
      alphaCE + alphaMLM + alphaCos + (hidden?.weight ?? 0) > 0, "alphaCE, alphaMLM and alphaCos",
      0, "above 0 for at least one")
    if let hidden {
      try require(
        hidden.weight >= 0 && hidden.weight.isFinite, "the hidden-state loss's weight",
        hidden.weight, "0 or more")
      try require(!hidden.pairs.isEmpty, "the hidden-state loss's map", "", "at least one pair")
    }
    try validateSchedules()
    if let share = positionsTopEntropy {
      try require(share > 0 && share <= 1, "positionsTopEntropy", share, "above 0, at most 1")
    }
    if let decayShare {
      try require(decayShare > 0 && decayShare <= 1, "decayShare", decayShare, "above 0, at most 1")
    }
    try require(temperature > 0 && temperature.isFinite, "temperature", temperature, "above 0")
    try require(
      learningRate >= 0 && learningRate.isFinite, "learningRate", learningRate, "0 or more")
    try require(
      headRateScale >= 0 && headRateScale.isFinite, "headRateScale", headRateScale, "0 or more")
    try require(warmupShare >= 0 && warmupShare <= 1, "warmupShare", warmupShare, "from 0 to 1")
    try require((warmupSteps ?? 0) >= 0, "warmupSteps", warmupSteps ?? 0, "0 or more")
    for (name, beta) in [("beta1", beta1), ("beta2", beta2)] {
      try require(beta >= 0 && beta < 1, name, beta, "from 0 to below 1")
    }
    try require(epsilon > 0 && epsilon.isFinite, "epsilon", epsilon, "above 0")
    try require(weightDecay >= 0 && weightDecay.isFinite, "weightDecay", weightDecay, "0 or more")
    try require(clipNorm >= 0 && clipNorm.isFinite, "clipNorm", clipNorm, "0 (off) or more")
    let counts = [
      ("batchTokens", batchTokens), ("accumulation", accumulation), ("windowBlocks", windowBlocks),
      ("batchSequences", batchSequences ?? 1),
      ("epochs", epochs), ("steps", steps ?? 1), ("headK", headK ?? 1),
      ("rank", rank ?? 1),
      ("keptCheckpoints", intervals.keptCheckpoints),
      ("prefetchedBatches", intervals.prefetchedBatches), ("log interval", intervals.log),
    ]
    for (name, count) in counts { try require(count >= 1, name, count, "1 or more") }
    let factor = intervals.usedSpikeFactor
    try require(
      factor == 0 || (factor > 1 && factor.isFinite), "spike factor", factor, "0 (off) or above 1")
    try require(intervals.evaluation >= 0, "evaluation interval", intervals.evaluation, "0 or more")
    try require(intervals.checkpoint >= 0, "checkpoint interval", intervals.checkpoint, "0 or more")
  }
}
