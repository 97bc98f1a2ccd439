import Console
import Foundation

/// Times of repeated runs.
enum Stopwatch {
  /// Measures the median time of a task.
  ///
  /// - Parameters:
  ///   - runs: Measured runs, at least 1; one more goes before them to warm up.
  ///   - body: The task; its argument counts the runs, the warm-up being 0.
  /// - Returns: Seconds.
  static func median(runs: Int, _ body: (Int) throws -> Void) rethrows -> Double {
    precondition(runs > 0, "nothing to measure")
    var seconds: [Double] = []
    for run in 0...runs {
      let start = ContinuousClock.now
      try body(run)
      if run > 0 { seconds.append((ContinuousClock.now - start).seconds) }
    }
    return median(seconds)
  }

  /// As `median`, in processor time of the whole process, which other programs disturb less.
  static func processorMedian(runs: Int, _ body: (Int) throws -> Void) rethrows -> Double {
    precondition(runs > 0, "nothing to measure")
    var seconds: [Double] = []
    for run in 0...runs {
      let start = clock()
      try body(run)
      if run > 0 { seconds.append(Double(clock() - start) / Double(CLOCKS_PER_SEC)) }
    }
    return median(seconds)
  }

  /// The middle of some numbers, the upper one where there are two.
  static func median(_ values: [Double]) -> Double {
    precondition(!values.isEmpty, "the median of nothing")
    return values.sorted()[values.count / 2]
  }
}
