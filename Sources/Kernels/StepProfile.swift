import Dispatch
import Synchronization

/// Where the time of a step goes, for `make bench`; off, it costs one comparison a kernel.
///
/// Times are wall-clock seconds of the thread that drives the step. Of nested regions the outermost
/// counts, so that shares add up to at most 1.
package enum StepProfile {
  /// The kinds of work that are told apart.
  package enum Part: Int, CaseIterable, Sendable {
    case products, attention, elementwise, headAndLoss, optimizer, data
  }

  private struct State {
    var nanoseconds = [UInt64](repeating: 0, count: Part.allCases.count)
    var isInside = false
  }

  private static let enabled = Atomic<Bool>(false)
  private static let state = Mutex(State())

  /// Starts from zero.
  package static func start() {
    state.withLock { $0 = State() }
    enabled.store(true, ordering: .relaxed)
  }

  /// Stops, and tells the seconds of each part.
  package static func stop() -> [Part: Double] {
    enabled.store(false, ordering: .relaxed)
    let times = state.withLock(\.nanoseconds)
    return Dictionary(
      uniqueKeysWithValues: Part.allCases.map { ($0, Double(times[$0.rawValue]) * 1e-9) })
  }

  /// Runs `body` as part of a step.
  package static func time<Result, Failure: Error>(
    _ part: Part, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard enabled.load(ordering: .relaxed) else { return try body() }
    let isOutermost = state.withLock { state in
      defer { state.isInside = true }
      return !state.isInside
    }
    guard isOutermost else { return try body() }
    let start = DispatchTime.now().uptimeNanoseconds
    defer {
      let passed = DispatchTime.now().uptimeNanoseconds - start
      state.withLock { state in
        state.nanoseconds[part.rawValue] += passed
        state.isInside = false
      }
    }
    return try body()
  }
}
