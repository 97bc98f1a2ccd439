import Dispatch
import Foundation
import Synchronization

/// The one place that owns threads: data-parallel loops over contiguous parts.
///
/// The matrix library runs single-threaded inside these parts, so that cores are never
/// oversubscribed, and the partition depends only on the count of threads, so that results repeat.
package enum Parallel {
  /// Threads used by every loop; set once, before the first loop. At least 1.
  package nonisolated(unsafe) static var threads: Int = availableCores()  // set once at start

  /// Cores that this process may run on, as affinity and the cgroup's quota allow.
  package static func availableCores() -> Int {
    let cores = ProcessInfo.processInfo.activeProcessorCount  // respects affinity
    guard let text = try? String(contentsOfFile: "/sys/fs/cgroup/cpu.max", encoding: .utf8) else {
      return max(1, cores)
    }
    let fields = text.split(whereSeparator: \.isWhitespace)
    guard fields.count == 2, let quota = Double(fields[0]), let period = Double(fields[1]),
      quota > 0, period > 0
    else { return max(1, cores) }
    return max(1, min(cores, Int((quota / period).rounded(.up))))
  }

  /// Runs `body` over `0 ..< count` in at most `threads` contiguous parts and waits for all.
  ///
  /// - Parameters:
  ///   - count: Number of items.
  ///   - grain: Part boundaries are multiples of this; fewer items than it run on this thread.
  ///   - body: Receives one part; parts run at the same time and must not write the same memory.
  package static func forEach(_ count: Int, grain: Int = 1, _ body: (Range<Int>) -> Void) {
    forEachPart(count, grain: grain) { _, part in body(part) }
  }

  /// As `forEach`, and tells the body the part's index, below `parts(count, grain:)`.
  package static func forEachPart(
    _ count: Int, grain: Int = 1, threads: Int = threads, _ body: (Int, Range<Int>) -> Void
  ) {
    guard count > 0 else { return }
    let units = (count + grain - 1) / grain
    let parts = self.parts(count, grain: grain, threads: threads)
    guard parts > 1 else { return body(0, 0..<count) }
    withoutActuallyEscaping(body) { body in
      let shared = SharedBody(body: body)
      DispatchQueue.concurrentPerform(iterations: parts) { index in
        let lower = units * index / parts * grain
        let upper = min(count, units * (index + 1) / parts * grain)
        if lower < upper { shared.body(index, lower..<upper) }
      }
    }
  }

  /// Runs `body` over `0 ..< count`, each thread taking the next item when it is free.
  ///
  /// For items of unequal cost whose results do not depend on who computes them.
  ///
  /// - Parameters:
  ///   - count: Number of items.
  ///   - body: Receives the thread's index, below `threads`, and one item.
  package static func forEachItem(_ count: Int, _ body: (Int, Int) -> Void) {
    let next = Atomic<Int>(0)
    forEachPart(min(count, threads)) { thread, _ in
      while true {
        let item = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard item < count else { return }
        body(thread, item)
      }
    }
  }

  /// Number of parts that `forEach` makes of `count` items, for scratch memory of each part.
  package static func parts(_ count: Int, grain: Int = 1, threads: Int = threads) -> Int {
    max(1, min(threads, (count + grain - 1) / grain))
  }

  private struct SharedBody: @unchecked Sendable {  // the parts write disjoint memory
    let body: (Int, Range<Int>) -> Void
  }
}
