import Foundation

/// A thread that is done with what it holds before it ends.
///
/// Foundation's `Thread` releases its closure after Dispatch has cleaned up the thread. Where that is
/// the last reference to something whose `deinit` uses Dispatch, such as a database connection, memory
/// is corrupted.
package enum BackgroundThread {
  /// Starts a thread.
  ///
  /// - Parameters:
  ///   - name: What debuggers call it.
  ///   - stackBytes: Bytes of its stack; nil for the usual size.
  ///   - body: Its work; released on the thread, when it has returned.
  package static func start(
    _ name: String, stackBytes: Int? = nil, _ body: @escaping @Sendable () -> Void
  ) {
    let work = Work(body)
    let thread = Thread { work.run() }
    thread.name = name
    if let stackBytes { thread.stackSize = stackBytes }
    thread.start()
  }

  private final class Work: @unchecked Sendable {  // handed to the one thread that runs it
    private var body: (@Sendable () -> Void)?

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }

    func run() {
      body?()
      body = nil
    }
  }
}
