import Synchronization

/// Asks a run to end after the step that it is in. Any thread may ask.
package final class StopRequest: Sendable {
  private struct State {
    var isRequested = false
    var handler: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())

  /// Nothing is asked for yet.
  package init() {}

  /// Whether the run has to end.
  package var isRequested: Bool { state.withLock { $0.isRequested } }

  /// Asks for the end.
  package func request() {
    let handler = state.withLock { state in
      state.isRequested = true
      return state.handler
    }
    handler?()
  }

  /// Called when the end is asked for, on the thread that asks; at once where it was asked for before.
  func onRequest(_ handler: @escaping @Sendable () -> Void) {
    let isRequested = state.withLock { state in
      state.handler = handler
      return state.isRequested
    }
    if isRequested { handler() }
  }
}
