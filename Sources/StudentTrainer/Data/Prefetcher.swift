import Foundation
import ShardStore

/// Runs a source ahead of the trainer, on a thread of its own, with a bound on what waits.
///
/// Batches come in order, epoch after epoch, without end. One thread calls `next`; the producer ends
/// when the prefetcher is stopped or released.
package final class Prefetcher: @unchecked Sendable {  // all state is behind `condition`
  /// A batch and its place in the run.
  package struct Item: Sendable {
    /// Epoch counted from 0.
    package let epoch: Int
    /// Index within the epoch.
    package let index: Int
    /// The batch itself.
    package let batch: TrainingBatch
    /// Sequences left out of it, and of the batches without any sequence before it, by epoch.
    package let skipped: [Int: Int]
    /// The step that it is for, counted from 0.
    package let step: Int
    /// True where it is the last batch of its step.
    package let endsStep: Bool
  }

  private let shared: Shared
  /// Seconds that `next` has waited for batches.
  package private(set) var waitedSeconds = 0.0

  /// Starts at a place in the run.
  ///
  /// - Parameters:
  ///   - source: Makes the batches; used by the producer alone from now on.
  ///   - epoch: Epoch of the first batch.
  ///   - index: Its index within the epoch.
  ///   - capacity: Batches that may wait, at least 1; a source that does not run ahead makes each
  ///     batch when it is asked for.
  ///   - steps: Which step each batch is for, and at what temperature.
  package init(
    source: any BatchSource, epoch: Int, index: Int, capacity: Int, steps: StepPlan = StepPlan()
  ) {
    precondition(capacity > 0, "a prefetcher that may hold no batch")
    shared = Shared(source: source, epoch: epoch, index: index, capacity: capacity, steps: steps)
    guard source.runsAhead else { return }
    // The thread holds the shared state only, so that releasing the prefetcher can stop it.
    let shared = shared
    BackgroundThread.start("batches") { shared.produce() }
  }

  deinit { shared.stop() }

  /// The next batch.
  ///
  /// - Throws: what the source throws, `StudentTrainerError.noBatches` where an epoch is empty.
  package func next() throws -> Item {
    let start = ContinuousClock.now
    defer { waitedSeconds += (ContinuousClock.now - start).seconds }
    return shared.source.runsAhead ? try shared.take() : try shared.make()
  }

  /// Ends the producer; no batch is taken after it.
  package func stop() { shared.stop() }

  private final class Shared: @unchecked Sendable {  // `waiting` and `stopped` behind `condition`
    let source: any BatchSource
    private let capacity: Int
    private let condition = NSCondition()
    private var waiting: [Result<Item, any Error>] = []
    private var stopped = false
    // The place of the next batch: touched by the producer alone.
    private var epoch: Int
    private var index: Int
    /// Whether the epoch has given something to train on.
    private var hasBatch: Bool
    private let steps: StepPlan
    // What the step has so far.
    private var step: Int
    private var batchesOfStep = 0
    private var sequencesOfStep = 0

    init(source: any BatchSource, epoch: Int, index: Int, capacity: Int, steps: StepPlan) {
      self.source = source
      self.steps = steps
      step = steps.firstStep
      self.epoch = epoch
      self.index = index
      hasBatch = index > 0
      self.capacity = capacity
    }

    func make() throws -> Item {
      var skipped: [Int: Int] = [:]
      while true {
        guard
          let batch = try source.batch(
            epoch: epoch, index: index, temperature: steps.temperature?(step))
        else {
          guard hasBatch else { throw noBatches(skipped: skipped[epoch] ?? 0) }
          epoch += 1
          index = 0
          hasBatch = false
          continue
        }
        index += 1
        if batch.skippedSequences > 0 {
          skipped[epoch, default: 0] += batch.skippedSequences
          if batch.references.isEmpty { continue }
        }
        hasBatch = true
        let item = (step: step, endsStep: takeIntoStep(batch))
        return Item(
          epoch: epoch, index: index - 1, batch: batch, skipped: skipped, step: item.step,
          endsStep: item.endsStep)
      }
    }

    /// Counts a batch to its step; true where that is full.
    private func takeIntoStep(_ batch: TrainingBatch) -> Bool {
      batchesOfStep += 1
      sequencesOfStep += batch.references.count
      guard steps.rule.isFull(batches: batchesOfStep, sequences: sequencesOfStep) else {
        return false
      }
      (step, batchesOfStep, sequencesOfStep) = (step + 1, 0, 0)
      return true
    }

    private func noBatches(skipped: Int) -> StudentTrainerError {
      let reason = skipped > 0 ? " (all \(skipped) sequences are in shards that are missing)" : ""
      return .noBatches(what: "epoch \(epoch) of the corpus\(reason)")
    }

    func produce() {
      while true {
        let result = Result { try make() }
        condition.lock()
        while waiting.count >= capacity && !stopped { condition.wait() }
        if stopped {
          condition.unlock()
          return
        }
        waiting.append(result)
        condition.broadcast()
        condition.unlock()
        if case .failure = result { return }
      }
    }

    func take() throws -> Item {
      condition.lock()
      defer { condition.unlock() }
      while waiting.isEmpty && !stopped { condition.wait() }
      precondition(!stopped, "a batch was asked for after stop()")
      // A failure stays, so that every later call meets it again.
      if case .failure(let error) = waiting[0] { throw error }
      let result = waiting.removeFirst()
      condition.broadcast()
      return try result.get()
    }

    func stop() {
      condition.lock()
      stopped = true
      condition.broadcast()
      condition.unlock()
      source.cancel()
    }
  }
}

extension Duration {
  /// This duration in seconds.
  var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
