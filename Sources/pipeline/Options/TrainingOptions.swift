import ArgumentParser
import Corpus
import Foundation
import Kernels
import StudentTrainer

/// The optimiser, the schedule and the intervals of a training run.
struct TrainingOptions: ParsableArguments {
  @Option(help: "Passes over the corpus.")
  var epochs: Int?

  @Option(help: "Optimiser steps, instead of --epochs.")
  var steps: Int?

  @Option(help: "Tokens of a batch at most; batches carry no padding.")
  var batchTokens: Int?

  @Option(help: "Batches of one optimiser step.")
  var accumulate: Int?

  @Option(
    help: """
      Sequences of one optimiser step, which takes whole batches until it has as many; instead of \
      --accumulate.
      """)
  var batchSequences: Int?

  @OptionGroup var precision: PrecisionOption

  @Option(help: "Peak learning rate.")
  var learningRate: Double?

  @Option(help: "Factor of the rate for the masked-language-model head.")
  var headRateScale: Double?

  @Option(help: "Share of the steps that warms up.")
  var warmupShare: Double?

  @Option(
    help: """
      The rate after its warm-up: linear or cosine to 0, constant, or wsd (constant, then linear to \
      0 over --decay-share).
      """)
  var rateSchedule = RateSchedule.Shape.linear

  @Option(help: "Share of the steps over which a rate of the schedule wsd falls; 0.2 unless given.")
  var decayShare: Double?

  @Option(help: "Decoupled weight decay of all but biases and norms.")
  var weightDecay: Double?

  @Option(help: "Largest norm of the gradients; 0 turns clipping off.")
  var clipNorm: Double?

  @Option(name: .customLong("adam-beta1"), help: "Adam's decay of the first moment.")
  var beta1: Double?

  @Option(name: .customLong("adam-beta2"), help: "Adam's decay of the second moment.")
  var beta2: Double?

  @Option(name: .customLong("adam-epsilon"), help: "Adam's epsilon.")
  var epsilon: Double?

  @Option(help: "Seed of the order of batches and of random parameters.")
  var seed: UInt64 = 1

  @Option(help: "Steps between lines of metrics.jsonl.")
  var logEvery: Int?

  @Option(help: "Steps between evaluations on --eval-corpus; 0: at the end only.")
  var evalEvery: Int?

  @Option(help: "Steps between checkpoints; 0: at the end only.")
  var checkpointEvery: Int?

  @Option(
    help: "Checkpoints that are kept, the newest ones; the best on --eval-corpus is kept besides.")
  var keepCheckpoints: Int?

  @Option(
    help: ArgumentHelp(
      "A loss above this many times the median of the last 64 steps ends the run; 0: it goes on."))
  var spikeFactor: Double?

  @Option(help: "A tokenized corpus of held-out text to evaluate on.")
  var evalCorpus: String?

  @Option(help: "Tokens of the held-out text that an evaluation reads at most.")
  var evalTokens: Int?

  /// Checks what the trainer does not.
  func validate() throws {
    if accumulate != nil && batchSequences != nil {
      throw ValidationError("--accumulate and --batch-sequences both say how long a step is")
    }
    if decayShare != nil && rateSchedule != .wsd {
      throw ValidationError("--decay-share is for --rate-schedule wsd")
    }
    if let evalTokens, evalTokens < 1 {
      throw ValidationError("--eval-tokens \(evalTokens) is not 1 or more")
    }
  }

  /// Puts what was given over the defaults of `configuration`.
  func apply(to configuration: inout TrainingConfiguration) {
    func set<Value>(_ path: WritableKeyPath<TrainingConfiguration, Value>, _ value: Value?) {
      if let value { configuration[keyPath: path] = value }
    }
    set(\.epochs, epochs)
    configuration.steps = steps
    set(\.batchTokens, batchTokens)
    set(\.accumulation, accumulate)
    configuration.batchSequences = batchSequences
    configuration.rateShape = rateSchedule
    configuration.decayShare = decayShare
    configuration.precision = precision.value
    set(\.learningRate, learningRate)
    set(\.headRateScale, headRateScale)
    set(\.warmupShare, warmupShare)
    set(\.weightDecay, weightDecay)
    set(\.clipNorm, clipNorm)
    set(\.beta1, beta1)
    set(\.beta2, beta2)
    set(\.epsilon, epsilon)
    set(\.seed, seed)
    set(\.intervals.log, logEvery)
    set(\.intervals.evaluation, evalEvery)
    set(\.intervals.checkpoint, checkpointEvery)
    set(\.intervals.keptCheckpoints, keepCheckpoints)
    configuration.intervals.spikeFactor = spikeFactor
  }

  /// Writes out what a configuration made of these options.
  func resolve(_ configuration: TrainingConfiguration, into options: inout ResolvedOptions) {
    options.set("epochs", configuration.steps == nil ? configuration.epochs : nil)
    options.set("batch-tokens", configuration.batchTokens)
    let isCounted = configuration.batchSequences != nil
    options.set("accumulate", isCounted ? nil : configuration.accumulation)
    options.set("batch-sequences", configuration.batchSequences)
    options.set("precision", precision.value.rawValue)
    options.set("learning-rate", configuration.learningRate)
    options.set("head-rate-scale", configuration.headRateScale)
    options.set("warmup-share", configuration.warmupShare)
    options.set("weight-decay", configuration.weightDecay)
    options.set("clip-norm", configuration.clipNorm)
    options.set("adam-beta1", configuration.beta1)
    options.set("adam-beta2", configuration.beta2)
    options.set("adam-epsilon", configuration.epsilon)
    options.set("log-every", configuration.intervals.log)
    options.set("eval-every", configuration.intervals.evaluation)
    options.set("checkpoint-every", configuration.intervals.checkpoint)
    options.set("keep-checkpoints", configuration.intervals.keptCheckpoints)
    options.set("spike-factor", configuration.intervals.usedSpikeFactor)
    options.setPath("eval-corpus", evalCorpus)
  }

  /// The evaluation on held-out text, where there is one.
  func evaluator() throws -> Evaluator? {
    guard let evalCorpus else { return nil }
    return try HeldOut.evaluator(
      TokenizedCorpus.open(folder: URL(argument: evalCorpus)), maxTokens: evalTokens ?? .max)
  }
}

extension RateSchedule.Shape: ExpressibleByArgument {}
