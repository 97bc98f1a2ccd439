import Foundation

/// A stretch of a file's uncompressed text, cut where a document or at least a line ends.
///
/// Units are the same whoever works on them, so that results do not depend on the number of threads.
/// Owns its bytes; the reader fills it, then one worker reads it.
final class TextUnit: @unchecked Sendable {  // handed on, never shared: one thread at a time
  /// What kept the reader from ending a unit.
  enum Failure {
    /// A line (or record) longer than the reader holds.
    case lineTooLong
    /// A document longer than the reader holds, where documents have to be whole.
    case documentTooLong
  }

  /// Offset of the first byte in the file's text.
  private(set) var byteOffset: Int
  /// Bytes that are filled.
  var count = 0
  /// Whether the file ends with this unit; each file has exactly one such unit, its last.
  var isLast = false
  /// Why the unit holds no usable text.
  var failure: Failure?
  /// Bytes read from the disk until the unit was full.
  var bytesRead = 0
  /// The wanted column, from 0, of a table.
  var column = 0
  /// Whether the unit begins with the table's header.
  var hasHeader = false

  private(set) var storage: UnsafeMutableRawBufferPointer

  init(byteOffset: Int, capacity: Int) {
    self.byteOffset = byteOffset
    storage = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit { storage.deallocate() }

  /// Begins anew at an offset, with the storage that is there.
  func reset(byteOffset: Int) {
    self.byteOffset = byteOffset
    (count, bytesRead, column) = (0, 0, 0)
    (isLast, hasHeader) = (false, false)
    failure = nil
  }

  /// Whether the file begins with this unit.
  var isFirst: Bool { byteOffset == 0 }

  /// The text.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: storage[..<count]) }

  /// What can still be filled.
  var room: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(rebasing: storage[count...])
  }

  /// Makes the storage larger; what is filled stays.
  func grow(capacity: Int) {
    let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
    larger.copyMemory(from: bytes)
    storage.deallocate()
    storage = larger
  }

  /// Bytes at the front that are a byte order mark, which is not text.
  var markBytes: Int { isFirst && bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0 }
}

extension UnsafeRawBufferPointer {
  /// The first line feed from `start` on, or the end.
  @inline(__always)
  func lineEnd(from start: Int) -> Int { first(0x0A, from: start) }

  /// The first byte of that value from `start` on, or the end.
  @inline(__always)
  func first(_ byte: UInt8, from start: Int) -> Int {
    guard start < count, let base = baseAddress,
      let hit = memchr(base + start, Int32(byte), count - start)
    else { return count }
    return UnsafeRawPointer(hit) - base
  }

  /// The number of line feeds.
  var lineFeeds: Int {
    var (found, place) = (0, lineEnd(from: 0))
    while place < count {
      found += 1
      place = lineEnd(from: place + 1)
    }
    return found
  }

  /// Whether there is nothing but spaces and control characters that count as such.
  var isBlank: Bool {
    for byte in self where byte != 0x20 && !(0x09...0x0D).contains(byte) { return false }
    return true
  }
}
