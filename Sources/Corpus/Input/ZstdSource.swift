import CZstd
import Foundation

/// Decompresses a Zstandard file as it is read; memory stays at the window that the file asks for,
/// 128 MiB at most (what `zstd` itself reads without further options).
///
/// Several frames one after the other are one text. Owns the decompressor; one thread at a time.
final class ZstdSource: ByteSource {
  private let file: FileSource
  private let path: String
  private let context: OpaquePointer
  private let storage: UnsafeMutableRawBufferPointer
  private var input: ZSTD_inBuffer
  /// Whether the last frame is over, so that the file may end here.
  private var isBetweenFrames = false
  private var isAtEnd = false

  /// Starts on a file that nothing was read from yet.
  init(file: FileSource, path: String) {
    self.file = file
    self.path = path
    guard let context = ZSTD_createDCtx() else { preconditionFailure("no memory for zstd") }
    self.context = context
    storage = .allocate(byteCount: 1 << 17, alignment: 16)
    input = ZSTD_inBuffer(src: storage.baseAddress, size: 0, pos: 0)
  }

  deinit {
    ZSTD_freeDCtx(context)
    storage.deallocate()
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var output = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
    while !buffer.isEmpty, !isAtEnd, output.pos == 0 {
      // Output may wait inside the decompressor after all input was taken, so it is asked first.
      let (read, written) = (input.pos, output.pos)
      let hint = ZSTD_decompressStream(context, &output, &input)
      guard ZSTD_isError(hint) == 0 else {
        let reason = String(cString: ZSTD_getErrorName(hint))
        throw failure(file.bytesRead <= storage.count ? "it may not be zstd (\(reason))" : reason)
      }
      let hasMoved = input.pos > read || output.pos > written
      if hasMoved { isBetweenFrames = hint == 0 }
      guard input.pos == input.size, output.pos == 0 else { continue }
      input.size = try file.read(into: storage)
      input.pos = 0
      guard input.size == 0 else { continue }
      guard isBetweenFrames else {
        throw failure(file.bytesRead == 0 ? "it is empty" : "it ends early")
      }
      isAtEnd = true
    }
    return output.pos
  }

  private func failure(_ reason: String) -> CorpusError {
    .badZstd(
      file: path, compressedOffset: file.bytesRead - (input.size - input.pos), reason: reason)
  }
}
