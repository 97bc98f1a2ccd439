import Console
import Foundation
import Glibc
import Synchronization

/// SIGINT and SIGTERM: the first asks for a clean end, the second ends the process at once.
///
/// Installed once in a process, for the part of a command that has something to keep.
enum StopSignals {
  fileprivate static let received = Atomic<Int32>(0)
  // Made once, before a handler is there, and never freed; sem_post may be called in a handler.
  fileprivate nonisolated(unsafe) static let arrival: UnsafeMutablePointer<sem_t> = {
    let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    sem_init(semaphore, 0, 0)
    return semaphore
  }()
  private static let signals = [SIGINT, SIGTERM]

  /// The signal that came, nil for none.
  static var signal: Int32? {
    let number = received.load(ordering: .acquiring)
    return number == 0 ? nil : number
  }

  /// What a shell has as the exit code of a program that a signal ended.
  static func exitCode(_ signal: Int32) -> Int32 { 128 + signal }

  /// Waits for signals on a thread of its own; one that the program was started to ignore stays ignored,
  /// as in a shell's background.
  ///
  /// - Parameter first: Called on that thread at the first signal.
  static func begin(_ first: @escaping @Sendable (Int32) -> Void) {
    _ = arrival
    Thread.detachNewThread {
      // A parent may have left them blocked, as worker threads do that start programs.
      var ours = sigset_t()
      sigemptyset(&ours)
      for number in signals { sigaddset(&ours, number) }
      pthread_sigmask(SIG_UNBLOCK, &ours, nil)
      while sem_wait(arrival) != 0 {}
      first(received.load(ordering: .acquiring))
    }
    for number in signals {
      var old = sigaction()
      sigaction(number, nil, &old)
      if number == SIGINT, let handler = old.__sigaction_handler.sa_handler,
        unsafeBitCast(handler, to: Int.self) == 1
      {
        continue  // SIG_IGN
      }
      var new = sigaction()
      new.__sigaction_handler.sa_handler = handleStop
      new.sa_flags = SA_RESTART
      sigaction(number, &new, nil)
    }
  }

  /// For a command of which any moment is as good as another to end: says what is kept, and ends it.
  static func endAtOnce(saying what: String) {
    begin { signal in
      note(signal, what)
      _exit(exitCode(signal))
    }
  }

  /// Says what happened and what comes of it, in place of a progress line.
  static func note(_ signal: Int32, _ what: String) {
    if Terminal.isInteractive { Terminal.draw("\r\u{1B}[2K") }
    Terminal.note("\(signal == SIGINT ? "interrupted" : "terminated"): \(what)")
  }

  /// Gives the signals their usual effect again.
  static func end() {
    for number in signals {
      var usual = sigaction()
      usual.__sigaction_handler.sa_handler = nil
      sigaction(number, &usual, nil)
    }
  }
}

/// The handler: only what may be called in one, which is atomics, sem_post and _exit.
private func handleStop(_ signal: Int32) {
  let (isFirst, _) = StopSignals.received.compareExchange(
    expected: 0, desired: signal, ordering: .acquiringAndReleasing)
  guard isFirst else { _exit(128 + signal) }
  sem_post(StopSignals.arrival)
}
