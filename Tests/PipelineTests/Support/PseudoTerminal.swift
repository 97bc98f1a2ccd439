#if canImport(Glibc)
  import Glibc
#endif

/// A terminal at which nobody sits, with what is typed at it.
///
/// Owns both of its ends; one caller at a time.
final class PseudoTerminal {
  /// The end that a program opens.
  let path: String
  private let keyboard: Int32
  private let screen: Int32

  /// The key that ends the input of a program.
  static let endOfInput = "\u{04}"

  /// Opens one.
  ///
  /// - Throws: `ProcessFailure`.
  init() throws {
    // Both ends stay open, so that what is typed before a program starts is not lost.
    var (keyboard, screen): (Int32, Int32) = (-1, -1)
    var name = [CChar](repeating: 0, count: 128)
    guard openpty(&keyboard, &screen, nil, nil, nil) == 0,
      ttyname_r(screen, &name, name.count) == 0
    else { throw ProcessFailure(description: "no pseudo-terminal: error \(errno)") }
    for end in [keyboard, screen] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    (self.keyboard, self.screen) = (keyboard, screen)
    path = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit {
    close(screen)
    close(keyboard)
  }

  /// Types keys; a program reads them when it asks.
  func type(_ keys: String) {
    let bytes = Array(keys.utf8)
    _ = write(keyboard, bytes, bytes.count)
  }
}
