import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Standard output for results, standard error for what a person watches.
package enum Terminal {
  /// True where standard error is a terminal that can redraw a line.
  package static var isInteractive: Bool {
    isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  }

  /// True where standard input is a terminal, so that somebody can answer.
  package static var isInputInteractive: Bool { isatty(STDIN_FILENO) == 1 }

  /// Writes a line to standard output.
  package static func output(_ line: String) { write(line + "\n", to: STDOUT_FILENO) }

  /// Writes a line to standard error and to the transcript.
  package static func note(_ line: String) {
    write(line + "\n", to: STDERR_FILENO)
    Transcript.shared.add(line)
  }

  /// Writes text to standard error as it is.
  package static func draw(_ text: String) { write(text, to: STDERR_FILENO) }

  /// Columns of the terminal, 80 where it does not say.
  package static var columns: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  private static func write(_ text: String, to descriptor: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { return }  // a closed pipe: nobody reads any more
      bytes = bytes.dropFirst(written)
    }
  }
}
