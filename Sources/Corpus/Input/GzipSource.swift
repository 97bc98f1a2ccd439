import CZlib
import Foundation

/// Decompresses a gzip file as it is read; memory stays at two buffers whatever the file's size.
///
/// Several members one after the other are one text, as `gzip` has it; zero bytes after the last
/// member (padding of tapes and block devices) are passed over, anything else there is an error.
/// Owns the zlib state; one thread at a time.
final class GzipSource: ByteSource {
  private let file: FileSource
  private let path: String
  // zlib keeps a pointer to its own stream structure, so the structure must not move.
  private let stream: UnsafeMutablePointer<z_stream>
  private let input: UnsafeMutableRawBufferPointer
  private var state = State.beforeMember

  private enum State {
    case beforeMember, insideMember, afterMember, atEnd
  }

  /// Starts on a file that nothing was read from yet.
  init(file: FileSource, path: String) {
    self.file = file
    self.path = path
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    input = .allocate(byteCount: 1 << 16, alignment: 16)
    // 15 bits of window, + 16: gzip headers only.
    let status = inflateInit2_(
      stream, 15 + 16, zlibVersion(), Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK, "zlib refused its own version")
  }

  deinit {
    inflateEnd(stream)
    stream.deinitialize(count: 1)
    stream.deallocate()
    input.deallocate()
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    guard !buffer.isEmpty else { return 0 }
    stream.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = UInt32(clamping: buffer.count)
    let room = stream.pointee.avail_out
    while state != .atEnd, stream.pointee.avail_out == room {
      if stream.pointee.avail_in == 0, try !refill() { break }
      switch state {
      case .insideMember, .beforeMember:
        try inflateSome()
      case .afterMember:
        try startNextMember()
      case .atEnd:
        break
      }
    }
    return Int(room - stream.pointee.avail_out)
  }

  /// Reads more compressed bytes; false where the file ends at a place where it may.
  private func refill() throws -> Bool {
    let count = try file.read(into: input)
    stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_in = UInt32(count)
    guard count == 0 else { return true }
    switch state {
    case .afterMember, .atEnd:
      state = .atEnd
      return false
    case .beforeMember:
      throw failure(file.bytesRead == 0 ? "it is empty" : "it ends early")
    case .insideMember:
      throw failure("it ends early, in the middle of the compressed data")
    }
  }

  private func inflateSome() throws {
    let status = inflate(stream, Z_NO_FLUSH)
    switch status {
    case Z_OK, Z_BUF_ERROR:
      state = .insideMember
    case Z_STREAM_END:
      state = .afterMember
    default:
      let reason = stream.pointee.msg.map { String(cString: $0) } ?? "zlib error \(status)"
      throw failure(state == .beforeMember ? "it is not gzip (\(reason))" : reason)
    }
  }

  /// Passes over padding, and resets the decompressor where another member begins.
  private func startNextMember() throws {
    while stream.pointee.avail_in > 0, let next = stream.pointee.next_in {
      if next.pointee == 0x1F {
        inflateReset(stream)
        state = .beforeMember
        return
      }
      guard next.pointee == 0 else {
        throw failure("bytes that are not gzip follow the compressed data")
      }
      stream.pointee.next_in = next + 1
      stream.pointee.avail_in -= 1
    }
  }

  private func failure(_ reason: String) -> CorpusError {
    .badGzip(
      file: path, compressedOffset: file.bytesRead - Int(stream.pointee.avail_in), reason: reason)
  }
}
