import Foundation
import ShardStore

/// Threads that each own a worker and take tasks from one queue, first come, first served.
///
/// Tasks only compute; who submits them waits for their results in the order that it needs. Any
/// thread may submit.
final class WorkerPool<Worker>: @unchecked Sendable {  // all state is behind `condition`
  private let condition = NSCondition()
  private var tasks: [Task] = []
  private var running = 0
  private var isStopped = false

  private struct Task {
    let run: @Sendable (Worker) -> Void
    let cancel: @Sendable () -> Void
  }

  /// Starts the threads.
  ///
  /// - Parameters:
  ///   - count: Number of threads, at least 1.
  ///   - makeWorker: Makes what a thread works with, on that thread.
  init(count: Int, makeWorker: @escaping @Sendable () -> Worker) {
    precondition(count > 0, "a pool without threads")
    running = count
    for number in 0..<count {
      BackgroundThread.start("corpus \(number)", stackBytes: 2 << 20) { self.work(makeWorker()) }
    }
  }

  /// Queues a task and gives its result to come; an urgent one goes before those that wait already.
  func submit<Result: Sendable>(
    isUrgent: Bool = false, _ body: @escaping @Sendable (Worker) -> Result
  ) -> Pending<Result> {
    let pending = Pending<Result>()
    let task = Task(run: { pending.finish(body($0)) }, cancel: { pending.finish(nil) })
    condition.lock()
    tasks.insert(task, at: isUrgent ? 0 : tasks.count)
    condition.signal()
    condition.unlock()
    return pending
  }

  /// Drops the tasks that wait, lets the running ones end, and ends the threads.
  func stop() {
    condition.lock()
    isStopped = true
    for task in tasks { task.cancel() }
    tasks = []
    condition.broadcast()
    while running > 0 { condition.wait() }
    condition.unlock()
  }

  private func work(_ worker: Worker) {
    condition.lock()
    while true {
      while tasks.isEmpty && !isStopped { condition.wait() }
      if isStopped { break }
      let task = tasks.removeFirst()
      condition.unlock()
      task.run(worker)
      condition.lock()
    }
    running -= 1
    condition.broadcast()
    condition.unlock()
  }
}

/// The result of a task, when it is there.
final class Pending<Value: Sendable>: @unchecked Sendable {  // all state is behind `condition`
  private let condition = NSCondition()
  private var value: Value?
  private var isFinished = false

  /// The result; nil where the task was dropped.
  func wait() -> Value? {
    condition.lock()
    defer { condition.unlock() }
    while !isFinished { condition.wait() }
    // Given up here, so that large results do not outlive their use.
    defer { value = nil }
    return value
  }

  fileprivate func finish(_ value: Value?) {
    condition.lock()
    self.value = value
    isFinished = true
    condition.broadcast()
    condition.unlock()
  }
}
