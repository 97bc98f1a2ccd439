import Console
import Foundation
import Kernels
import StudentTrainer
import Transformer

/// Our `Trainer`, a few optimiser steps at a time: it runs on a thread of its own and waits after
/// each turn.
///
/// What a user's run does is measured with it: batches from the source, clipping, the update, and the
/// line of metrics.
final class TrainingTurns: Contender, TrainingObserver, @unchecked Sendable {
  // One of the two threads waits while the other works.
  let name = "ours"
  /// Loss of each step so far.
  private(set) var losses: [Double] = []
  /// Share of the last turns that the trainer waited for batches.
  var dataWaitShare: Double { waitShares.reduce(0, +) / Double(max(1, waitShares.count)) }

  private let model: MaskedLanguageModel
  private let source: StoppableSource
  private let configuration: TrainingConfiguration
  private let folder: URL
  private let stepsPerTurn: Int
  private let go = DispatchSemaphore(value: 0)
  private let done = DispatchSemaphore(value: 0)
  private var stepsLeft = 0
  private var tokens = 0
  private var waitShares: [Double] = []
  private var isStarted = false
  private var failure: (any Error)?

  /// Prepares a run that never ends by itself.
  ///
  /// - Parameters:
  ///   - model: Trained in place.
  ///   - source: Its batches.
  ///   - configuration: The recipe; its rate stays at the peak, and nothing is saved.
  ///   - folder: The run's folder, where nothing is yet.
  ///   - stepsPerTurn: Steps of one turn.
  init(
    _ model: MaskedLanguageModel, source: any BatchSource, configuration: TrainingConfiguration,
    folder: URL, stepsPerTurn: Int
  ) {
    self.model = model
    self.source = StoppableSource(source)
    self.folder = folder
    self.stepsPerTurn = stepsPerTurn
    var recipe = Self.endless(configuration)
    recipe.precision = model.precision
    self.configuration = recipe
  }

  /// Ends the run; it may take the batches that were made before.
  func stop() {
    source.stop()
    guard isStarted, failure == nil else { return }
    stepsLeft = .max
    go.signal()
    done.wait()
  }

  /// Tokens a second of the next turn.
  func rate() throws -> Double {
    let before = tokens
    let start = ContinuousClock.now
    try run(steps: stepsPerTurn)
    return Double(tokens - before) / (ContinuousClock.now - start).seconds
  }

  /// Shares of the time of the next turn, in per cent.
  func profile(_ work: String, _ precision: ComputePrecision) throws -> [ComputeRow] {
    StepProfile.start()
    let start = ContinuousClock.now
    let times: [StepProfile.Part: Double]
    do {
      try run(steps: stepsPerTurn)
      times = StepProfile.stop()
    } catch {
      _ = StepProfile.stop()
      throw error
    }
    let total = (ContinuousClock.now - start).seconds
    return StepProfile.Part.allCases.map { part in
      ComputeRow(
        work: "\(work): \(part.name)", precision: precision, unit: "%",
        ours: 100 * (times[part] ?? 0) / total)
    }
  }

  /// Trains on.
  func run(steps: Int) throws {
    if let failure { throw failure }
    stepsLeft = steps
    if isStarted {
      go.signal()
    } else {
      isStarted = true
      // The thread must not be the last to hold this object: see `StoppableSource`.
      let thread = Thread { [unowned self] in train() }
      thread.stackSize = 8 << 20
      thread.start()
    }
    done.wait()
    if let failure { throw failure }
  }

  /// Notes a step, and waits at the end of a turn.
  func didFinish(_ step: StepMetrics, logged: Bool, totalSteps: Int) {
    losses.append(step.loss)
    tokens = step.tokens
    waitShares.append(step.dataWaitShare)
    stepsLeft -= 1
    guard stepsLeft == 0 else { return }
    done.signal()
    go.wait()
  }

  private func train() {
    do {
      _ = try Trainer(
        model: model, source: source, configuration: configuration, folder: folder, observer: self
      ).run()
      failure = ComputeFailure("the run has ended")
    } catch {
      failure = error
    }
    done.signal()
  }

  private static func endless(_ configuration: TrainingConfiguration) -> TrainingConfiguration {
    var recipe = configuration
    recipe.steps = 1_000_000_000
    recipe.warmupSteps = 0
    recipe.intervals.log = 1
    recipe.intervals.checkpoint = 0
    // One batch waits at the beginning of a turn and one at its end, so a turn pays for what it takes.
    recipe.intervals.prefetchedBatches = 1
    return recipe
  }
}
