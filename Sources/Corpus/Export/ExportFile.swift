import Crypto
import Foundation
import ShardStore

/// A file that is written from front to back under a temporary name, and hashed meanwhile.
///
/// Owns the file; one thread at a time. What is not committed is removed.
final class ExportFile {
  /// The name that the file will have.
  let url: URL
  private let temporary: URL
  private var descriptor: Int32
  private var buffer: [UInt8] = []
  private var hasher = SHA256()

  /// Makes the temporary file.
  ///
  /// - Throws: `CorpusError.unwritable`.
  init(_ url: URL) throws {
    self.url = url
    temporary = url.appendingPathExtension("partial-\(ProcessInfo.processInfo.processIdentifier)")
    descriptor = open(temporary.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw CorpusError.unwritable(path: temporary.path, reason: systemMessage(errno))
    }
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    try? FileManager.default.removeItem(at: temporary)
  }

  /// Adds bytes.
  func write(_ bytes: UnsafeRawBufferPointer) throws {
    buffer.append(contentsOf: bytes)
    if buffer.count >= 1 << 20 { try flush() }
  }

  /// Adds bytes.
  func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes(write) }

  /// Writes what waits in memory.
  ///
  /// - Returns: SHA-256 of all bytes, in hexadecimal.
  func finish() throws -> String {
    try flush()
    let copy = hasher
    return Hexadecimal.text(copy.finalize())
  }

  /// Forces the file to the disk and gives it its name.
  func commit() throws {
    try flush()
    guard fsync(descriptor) == 0 else { throw failure(errno) }
    try AtomicFile.commit(temporary, as: url)
    close(descriptor)
    descriptor = -1
  }

  private func flush() throws {
    hasher.update(data: buffer)
    var rest = buffer[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw failure(errno) }
      rest = rest.dropFirst(count)
    }
    buffer.removeAll(keepingCapacity: true)
  }

  private func failure(_ code: Int32) -> any Error {
    if code == ENOSPC || code == EDQUOT { return ShardStoreError.diskFull(file: url.path) }
    return CorpusError.unwritable(path: url.path, reason: systemMessage(code))
  }
}
