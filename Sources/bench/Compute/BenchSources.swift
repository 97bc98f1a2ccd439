import StudentTrainer
import Synchronization

/// The same batches over and over, in memory.
struct RepeatedBatches: BatchSource {
  let batches: [TrainingBatch]
  let identity = ["targets": "batches of a benchmark"]
  let runsAhead = false

  func batchCount(epoch: Int) -> Int { batches.count }

  func batch(epoch: Int, index: Int) -> TrainingBatch? {
    batches.indices.contains(index) ? batches[index] : nil
  }
}

/// A source that ends a run when it is told to, by an error: a run that ends by itself saves its model.
final class StoppableSource: BatchSource {
  private let source: any BatchSource
  private let isStopped = Mutex(false)

  init(_ source: any BatchSource) { self.source = source }

  var identity: [String: String] { source.identity }
  var runsAhead: Bool { source.runsAhead }

  func batchCount(epoch: Int) throws -> Int { try source.batchCount(epoch: epoch) }

  func batch(epoch: Int, index: Int) throws -> TrainingBatch? {
    if isStopped.withLock({ $0 }) { throw ComputeFailure("the benchmark has seen enough") }
    return try source.batch(epoch: epoch, index: index)
  }

  func cancel() { source.cancel() }

  /// Has the next batch end the run.
  func stop() { isStopped.withLock { $0 = true } }
}
