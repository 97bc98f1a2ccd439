import Foundation

/// Reads blocks of whole lines from standard input or from files, one after the other.
///
/// Owns the open descriptor; one thread at a time. Memory is two blocks, or twice the longest line.
final class LineReader {
  /// A block of lines, each with its `\n` but perhaps the last of a file.
  struct Block {
    var bytes: [UInt8]
    /// The file that it is from, for messages.
    var source: String
    /// The number of its first line in that file, from 1.
    var firstLine: Int
  }

  /// What can go wrong with an input or with the output.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private let blockBytes: Int
  private var pending: [String]
  private var descriptor: Int32 = -1
  private var source = ""
  private var line = 1
  /// What is read and not yet given away: at most the beginning of a line, between blocks.
  private var buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  private var filled = 0

  /// - Parameters:
  ///   - paths: Files in order, `-` for standard input; standard input where there are none.
  ///   - blockBytes: A block ends with the line that is the first to reach so many bytes, or where
  ///     nothing more has come yet.
  init(paths: [String], blockBytes: Int = 1 << 20) {
    pending = paths.isEmpty ? ["-"] : paths
    self.blockBytes = blockBytes
  }

  deinit {
    if descriptor > 0 { close(descriptor) }
    buffer.deallocate()
  }

  /// The next block; nil after the last.
  func next() throws -> Block? {
    while true {
      if descriptor < 0 {
        guard !pending.isEmpty else { return nil }
        try open(pending.removeFirst())
      }
      let (bytes, isAtEnd) = try readLines()
      if isAtEnd { closeSource() }
      guard !bytes.isEmpty else { continue }
      let block = Block(bytes: bytes, source: source, firstLine: line)
      bytes.withUnsafeBytes { buffer in
        for byte in buffer where byte == 0x0A { line += 1 }
      }
      return block
    }
  }

  /// Reads until the block is full and ends with a line; `isAtEnd` at the end of the file.
  private func readLines() throws -> (bytes: [UInt8], isAtEnd: Bool) {
    while true {
      if filled == buffer.count { grow() }
      let count = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
      filled += count
      guard count > 0 else { return (take(filled), true) }
      // Who waits for an answer gets it: a block is not filled where nothing more has come.
      guard filled >= blockBytes || !hasMore else { continue }
      if let newline = buffer[..<filled].lastIndex(of: 0x0A) { return (take(newline + 1), false) }
    }
  }

  /// The first bytes of the buffer; the rest moves to its front.
  private func take(_ count: Int) -> [UInt8] {
    let bytes = [UInt8](UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[count..<filled]))
    filled -= count
    return bytes
  }

  private func grow() {
    let larger = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(2 * buffer.count, blockBytes + 1 << 16), alignment: 16)
    larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[..<filled]))
    buffer.deallocate()
    buffer = larger
  }

  /// Whether a read would not wait.
  private var hasMore: Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&request, 1, 0) > 0
  }

  private func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    while true {
      let count = Foundation.read(descriptor, buffer.baseAddress, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else {
        throw Failure(description: "cannot read '\(source)': \(String(cString: strerror(errno)))")
      }
      return count
    }
  }

  private func open(_ path: String) throws {
    line = 1
    guard path != "-" else {
      (source, descriptor) = ("standard input", 0)
      return
    }
    source = path
    descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw Failure(
        description: "cannot read '\(path)': \(String(cString: strerror(errno))); "
          + "check the path and its permissions")
    }
  }

  private func closeSource() {
    if descriptor > 0 { close(descriptor) }
    descriptor = -1
  }
}
