import StudentTrainer
import Synchronization
import Transformer

/// The same batches over and over, in memory.
struct RepeatedBatches: BatchSource {
  let batches: [TrainingBatch]
  let identity = ["targets": "batches of a benchmark"]
  let runsAhead = false

  func batchCount(epoch: Int) -> Int { batches.count }

  func longestSequence() -> Int? { batches.map(\.packed.longestSequence).max() }

  func batch(epoch: Int, index: Int, temperature: Double?) -> TrainingBatch? {
    batches.indices.contains(index) ? batches[index] : nil
  }
}

/// A source that ends a run when it is told to, by an error: a run that ends by itself saves its model.
///
/// It lets go of what it reads when it stops. A thread that made the last batches may hold this object
/// until its very end, where libdispatch's state of the thread is gone already: to close a database there
/// corrupts the heap.
final class StoppableSource: BatchSource {
  let identity: [String: String]
  let runsAhead: Bool
  private let source: Mutex<(any BatchSource)?>

  init(_ source: any BatchSource) {
    identity = source.identity
    runsAhead = source.runsAhead
    self.source = Mutex(source)
  }

  func batchCount(epoch: Int) throws -> Int { try current().batchCount(epoch: epoch) }

  func longestSequence() throws -> Int? { try current().longestSequence() }

  func batch(epoch: Int, index: Int, temperature: Double?) throws -> TrainingBatch? {
    try current().batch(epoch: epoch, index: index, temperature: temperature)
  }

  /// Has the next batch end the run.
  func stop() {
    let last = source.withLock { source in
      defer { source = nil }
      return source
    }
    last?.cancel()
  }

  private func current() throws -> any BatchSource {
    guard let source = source.withLock({ $0 }) else {
      throw ComputeFailure("the benchmark has seen enough")
    }
    return source
  }
}
