import Crypto
import Foundation
import ShardStore

/// Bytes in order, from a file or out of a decompressor.
protocol ByteSource: AnyObject {
  /// Fills the front of `buffer`; returns how many bytes it wrote, 0 at the end only.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

/// Makes the source of a file's uncompressed bytes.
func uncompressed(_ source: FileSource, of file: TextFile) -> any ByteSource {
  switch file.kind.compression {
  case nil: source
  case .gzip: GzipSource(file: source, path: file.path)
  case .zstd: ZstdSource(file: source, path: file.path)
  }
}

/// Reads a file from front to back and hashes what it reads.
///
/// Owns the file descriptor; one thread at a time.
final class FileSource: ByteSource {
  /// Bytes read so far.
  private(set) var bytesRead = 0
  private let path: String
  private let descriptor: Int32
  private var hasher = SHA256()

  /// Opens a file.
  ///
  /// - Throws: `CorpusError.unreadable`.
  convenience init(path: String) throws {
    try self.init(path: path, descriptor: open(path, O_RDONLY | O_CLOEXEC))
  }

  /// Opens an input, standard input among them.
  ///
  /// - Throws: `CorpusError.unreadable`.
  convenience init(file: TextFile) throws {
    try self.init(
      path: file.path,
      descriptor: file.isStandardInput
        ? dup(STDIN_FILENO) : open(file.url.path, O_RDONLY | O_CLOEXEC))
  }

  private init(path: String, descriptor: Int32) throws {
    self.path = path
    self.descriptor = descriptor
    guard descriptor >= 0 else {
      throw CorpusError.unreadable(file: path, reason: systemMessage(errno))
    }
  }

  deinit {
    close(descriptor)
  }

  /// SHA-256 of the bytes read so far, in hexadecimal.
  var digest: String { Hexadecimal.text(hasher.finalize()) }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    while true {
      let count = Foundation.read(descriptor, buffer.baseAddress, buffer.count)
      if count >= 0 {
        hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        bytesRead += count
        return count
      }
      guard errno == EINTR else {
        throw CorpusError.unreadable(file: path, reason: systemMessage(errno))
      }
    }
  }

  /// SHA-256 of a whole file, in hexadecimal, and its size.
  ///
  /// - Throws: `CorpusError.unreadable`.
  static func digest(path: String) throws -> (digest: String, bytes: Int) {
    let source = try FileSource(path: path)
    try withUnsafeTemporaryAllocation(byteCount: 1 << 18, alignment: 64) { buffer in
      while try source.read(into: buffer) > 0 {}
    }
    return (source.digest, source.bytesRead)
  }
}
