import Foundation
import StudentTrainer
import Synchronization

struct Interruption: Error {}

/// Passes another source's batches on, and fails like a killed process when one is asked for.
final class FailingSource: BatchSource {
  let base: any BatchSource
  let failsAtCall: Int?
  private let calls = Mutex(0)

  init(_ base: any BatchSource, failsAtCall: Int? = nil) {
    self.base = base
    self.failsAtCall = failsAtCall
  }

  var callCount: Int { calls.withLock { $0 } }
  var identity: [String: String] { base.identity }
  let runsAhead = false
  func batchCount(epoch: Int) throws -> Int { try base.batchCount(epoch: epoch) }
  func batch(epoch: Int, index: Int, temperature: Double?) throws -> TrainingBatch? {
    let call = calls.withLock { calls in
      calls += 1
      return calls
    }
    if call == failsAtCall { throw Interruption() }
    return try base.batch(epoch: epoch, index: index, temperature: temperature)
  }
}

/// The same few batches in every epoch.
struct FixedSource: BatchSource {
  var batches: [TrainingBatch]
  var runsAhead = false
  var delaySeconds = 0.0
  var identity: [String: String] { ["targets": "fixed"] }
  func batchCount(epoch: Int) -> Int { batches.count }
  func batch(epoch: Int, index: Int, temperature: Double?) -> TrainingBatch? {
    if delaySeconds > 0 { Thread.sleep(forTimeInterval: delaySeconds) }
    return index < batches.count ? batches[index] : nil
  }
}

/// All batches of one epoch.
func allBatches(_ source: any BatchSource, epoch: Int = 0) throws -> [TrainingBatch] {
  var batches: [TrainingBatch] = []
  while let batch = try source.batch(epoch: epoch, index: batches.count) { batches.append(batch) }
  return batches
}

/// Counts the batches that were made.
final class CountingSource: BatchSource {
  private let base: FixedSource
  private let made = Mutex(0)

  init(batches: [TrainingBatch]) { base = FixedSource(batches: batches) }

  var count: Int { made.withLock { $0 } }
  var identity: [String: String] { base.identity }
  let runsAhead = true
  func batchCount(epoch: Int) -> Int { base.batchCount(epoch: epoch) }
  func batch(epoch: Int, index: Int, temperature: Double?) -> TrainingBatch? {
    made.withLock { $0 += 1 }
    return base.batch(epoch: epoch, index: index, temperature: temperature)
  }
}

/// Remembers the temperature that was asked for last.
final class RecordingSource: BatchSource {
  let base: any BatchSource
  private let last = Mutex<Double?>(nil)

  init(base: any BatchSource) { self.base = base }

  var temperature: Double? { last.withLock { $0 } }
  var identity: [String: String] { base.identity }
  let runsAhead = false
  func batchCount(epoch: Int) throws -> Int { try base.batchCount(epoch: epoch) }
  func batch(epoch: Int, index: Int, temperature: Double?) throws -> TrainingBatch? {
    last.withLock { $0 = temperature }
    return try base.batch(epoch: epoch, index: index, temperature: temperature)
  }
}
