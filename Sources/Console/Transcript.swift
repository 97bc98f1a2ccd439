package import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// What the program tells its user, with times, in a file too; any thread may tell.
///
/// Lines of before the file is known wait for it. A line that cannot be written is left out: the file is
/// for people, and what a program cannot do without says so itself.
package final class Transcript: Sendable {
  /// The process's transcript.
  package static let shared = Transcript()

  /// Lines that may wait.
  private static let mostWaiting = 500

  private struct State {
    var waiting: [String] = []
    var descriptor: Int32 = -1
  }

  private let state = Mutex(State())

  /// Appends to a file from now on, what waits first.
  ///
  /// - Returns: False where the file cannot be opened.
  package func open(_ file: URL) -> Bool {
    state.withLock { state in
      if state.descriptor >= 0 { close(state.descriptor) }
      state.descriptor = Glibc.open(file.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
      guard state.descriptor >= 0 else { return false }
      state.waiting.forEach { Self.write($0, to: state.descriptor) }
      state.waiting = []
      return true
    }
  }

  /// Adds a line.
  package func add(_ line: String) {
    let stamped = "\(Date().formatted(.iso8601)) \(line)\n"
    state.withLock { state in
      if state.descriptor >= 0 {
        Self.write(stamped, to: state.descriptor)
      } else if state.waiting.count < Self.mostWaiting {
        state.waiting.append(stamped)
      }
    }
  }

  private static func write(_ text: String, to descriptor: Int32) {
    let bytes = Array(text.utf8)
    // One call a line, so that lines of several threads do not mix.
    _ = Glibc.write(descriptor, bytes, bytes.count)
  }
}
