import Foundation

/// Cuts bytes into lines at `\n`, holding one line and one read buffer at a time.
///
/// Owns its buffer; one thread at a time.
final class LineScanner {
  /// A line, valid until the next one is asked for.
  struct Line {
    /// Its bytes without the `\n`.
    let bytes: UnsafeRawBufferPointer
    /// Offset of its first byte in the (uncompressed) text.
    let byteOffset: Int
    /// Its number, from 1.
    let number: Int
  }

  private let source: any ByteSource
  private let path: String
  private let limitBytes: Int
  private var buffer: UnsafeMutableRawBufferPointer
  /// Bytes of the buffer that are filled, and where the next line begins in them.
  private var filled = 0
  private var lineStart = 0
  private var lineNumber = 0
  /// Offset in the text of the buffer's first byte.
  private var bufferOffset = 0
  private var isAtEnd = false

  /// - Parameters:
  ///   - source: Where the bytes come from.
  ///   - path: The file's name for errors.
  ///   - limitBytes: The longest line that is held; a longer one is an error.
  init(source: any ByteSource, path: String, limitBytes: Int) {
    self.source = source
    self.path = path
    self.limitBytes = limitBytes
    buffer = .allocate(byteCount: 1 << 18, alignment: 16)
  }

  deinit {
    buffer.deallocate()
  }

  /// The next line, or nil at the end; a last line without `\n` is a line.
  ///
  /// - Throws: `CorpusError.lineTooLong`, and what the source throws.
  func next() throws -> Line? {
    var searched = lineStart
    while true {
      if let end = newline(from: searched) {
        return take(upTo: end, next: end + 1)
      }
      searched = filled
      if isAtEnd {
        guard lineStart < filled else { return nil }
        return take(upTo: filled, next: filled)
      }
      guard filled - lineStart <= limitBytes else {
        throw CorpusError.lineTooLong(
          file: path, line: lineNumber + 1, byteOffset: bufferOffset + lineStart,
          limitBytes: limitBytes)
      }
      searched -= makeRoom()
      let room = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      let count = try source.read(into: room)
      filled += count
      isAtEnd = count == 0
    }
  }

  private func newline(from start: Int) -> Int? {
    guard start < filled, let base = buffer.baseAddress,
      let hit = memchr(base + start, 0x0A, filled - start)
    else { return nil }
    return UnsafeRawPointer(hit) - UnsafeRawPointer(base)
  }

  private func take(upTo end: Int, next: Int) -> Line {
    lineNumber += 1
    var start = lineStart
    lineStart = next
    // A byte order mark is not text.
    if lineNumber == 1, buffer[start..<end].starts(with: [0xEF, 0xBB, 0xBF]) {
      start += 3
    }
    return Line(
      bytes: UnsafeRawBufferPointer(rebasing: buffer[start..<end]),
      byteOffset: bufferOffset + start, number: lineNumber)
  }

  /// Moves what is left of the line to the front, or doubles the buffer; returns the distance moved.
  private func makeRoom() -> Int {
    let moved = lineStart
    if moved > 0 {
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[moved..<filled]))
      filled -= moved
      bufferOffset += moved
      lineStart = 0
    }
    if filled > buffer.count / 2 {
      let larger = UnsafeMutableRawBufferPointer.allocate(
        byteCount: buffer.count * 2, alignment: 16)
      larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[..<filled]))
      buffer.deallocate()
      buffer = larger
    }
    return moved
  }
}
