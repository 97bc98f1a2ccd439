import Foundation
import ShardStore

/// Files that only an unfinished build needs: whole or absent after a kill, not after a power failure.
enum WorkFile {
  /// Puts a file in place of another under its name.
  ///
  /// - Throws: `ShardStoreError`.
  static func replace(_ url: URL, _ data: Data) throws {
    let temporary = url.appendingPathExtension("new")
    try? FileManager.default.removeItem(at: temporary)
    try append(data, to: temporary)
    guard rename(temporary.path, url.path) == 0 else { throw failure(url, errno) }
  }

  /// Adds bytes to the end of a file, which is made where it is missing.
  ///
  /// - Throws: `ShardStoreError`.
  static func append(_ data: Data, to url: URL) throws {
    guard !data.isEmpty else { return }
    let descriptor = open(url.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure(url, errno) }
    defer { close(descriptor) }
    var rest = data[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw failure(url, errno) }
      rest = rest.dropFirst(count)
    }
  }

  /// The first bytes of a file, which is cut to them; nil where it is shorter.
  static func cut(_ url: URL, to bytes: Int) -> Data? {
    guard bytes > 0 else {
      try? FileManager.default.removeItem(at: url)
      return Data()
    }
    guard let data = try? Data(contentsOf: url),
      data.count >= bytes, truncate(url.path, bytes) == 0
    else { return nil }
    return data.prefix(bytes)
  }

  private static func failure(_ url: URL, _ code: Int32) -> ShardStoreError {
    if code == ENOSPC || code == EDQUOT { return .diskFull(file: url.path) }
    return .notWritten(file: url.path, reason: systemMessage(code))
  }
}
