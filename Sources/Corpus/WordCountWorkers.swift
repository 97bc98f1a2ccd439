import Foundation
import Tokenizer
import ShardStore

/// Counts words on several threads, of which the calling one is the first.
///
/// One thread calls it. The others take batches from a short queue; where it is full, the calling
/// thread counts its batch itself.
final class WordCountWorkers {
  private let own: WordCounter
  private let shared: Shared?
  private var batch: [UInt8] = []

  /// Bytes that a batch has, about.
  private static let batchBytes = 1 << 20

  /// Starts the threads.
  ///
  /// - Parameters:
  ///   - options: The normalizer's flags.
  ///   - jobs: Threads in all, at least 1.
  init(options: NormalizerOptions, jobs: Int) {
    precondition(jobs > 0, "no thread to count on")
    own = WordCounter(options: options)
    guard jobs > 1 else {
      shared = nil
      return
    }
    let shared = Shared(counters: (1..<jobs).map { _ in WordCounter(options: options) })
    for index in 1..<jobs {
      BackgroundThread.start("words") { shared.work(index - 1) }
    }
    self.shared = shared
  }

  /// Counts the words of a piece that begins and ends at the end of a word.
  func count(_ piece: UnsafeRawBufferPointer) {
    guard let shared else { return own.count(utf8: piece) }
    batch.append(contentsOf: piece)
    // A line feed ends a word.
    batch.append(0x0A)
    if batch.count >= Self.batchBytes {
      if !shared.offer(batch) { batch.withUnsafeBytes { own.count(utf8: $0) } }
      batch.removeAll(keepingCapacity: true)
    }
  }

  /// Waits for the threads.
  ///
  /// - Returns: Everybody's counts.
  func finish() -> [WordCounter] {
    batch.withUnsafeBytes { own.count(utf8: $0) }
    batch.removeAll()
    stop()
    return [own] + (shared?.counters ?? [])
  }

  /// Lets the threads end, after what is in the queue.
  func stop() { shared?.stop() }

  private final class Shared: @unchecked Sendable {  // `waiting`, `running`, `stopped` are locked
    /// One for each thread; read by others after `stop` only.
    let counters: [WordCounter]
    private let condition = NSCondition()
    private var waiting: [[UInt8]] = []
    private var running: Int
    private var stopped = false

    init(counters: [WordCounter]) {
      self.counters = counters
      running = counters.count
    }

    /// Queues a batch; false where the queue is full.
    func offer(_ batch: [UInt8]) -> Bool {
      condition.lock()
      defer { condition.unlock() }
      guard waiting.count < 2 * counters.count else { return false }
      waiting.append(batch)
      condition.broadcast()
      return true
    }

    func work(_ index: Int) {
      condition.lock()
      while true {
        while waiting.isEmpty && !stopped { condition.wait() }
        guard let batch = waiting.popLast() else { break }
        condition.unlock()
        batch.withUnsafeBytes { counters[index].count(utf8: $0) }
        condition.lock()
      }
      running -= 1
      condition.broadcast()
      condition.unlock()
    }

    /// Waits until the queue is empty and the threads have ended.
    func stop() {
      condition.lock()
      stopped = true
      condition.broadcast()
      while running > 0 { condition.wait() }
      condition.unlock()
    }
  }
}
