import CLZ4

/// LZ4 frames with content size and content checksum, through the system's liblz4.
enum LZ4Frame {
  /// What liblz4 said was wrong with a frame.
  struct Failure: Error {
    var what: String
    var expected: String
    var found: String
  }

  /// A high-compression level. Encoding happens once, decoding costs the same at any level.
  static let highLevel: Int32 = 9

  /// An acceleration of 4: a corpus's token IDs, of which LZ4 can save a tenth at most, are written
  /// at the tokenizer's pace.
  static let fastLevel: Int32 = -3

  /// Returns the frame of those bytes.
  ///
  /// - Throws: `Failure` where liblz4 has no memory left.
  static func compress(_ bytes: [UInt8], level: Int32 = highLevel) throws -> [UInt8] {
    var preferences = LZ4F_preferences_t()
    preferences.frameInfo.contentSize = UInt64(bytes.count)
    preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled
    preferences.frameInfo.blockSizeID = LZ4F_max4MB
    preferences.compressionLevel = level
    let bound = LZ4F_compressFrameBound(bytes.count, &preferences)
    return try [UInt8](unsafeUninitializedCapacity: bound) { output, count in
      let written = bytes.withUnsafeBytes { input in
        LZ4F_compressFrame(
          output.baseAddress, bound, input.baseAddress, input.count, &preferences)
      }
      if LZ4F_isError(written) != 0 {
        throw Failure(what: "LZ4 encoder", expected: "a frame", found: name(of: written))
      }
      count = written
    }
  }

  /// Returns the bytes of a frame that must hold exactly `rawBytes` of them and nothing after.
  ///
  /// The caller has bounded `rawBytes`; the frame's own declared size must agree before anything
  /// is allocated. The caller compares the digest of the bytes, which tells more than the frame's
  /// checksum of them.
  ///
  /// - Throws: `Failure`: a damaged frame, another size.
  static func decompress(_ frame: UnsafeRawBufferPointer, rawBytes: Int) throws -> [UInt8] {
    var context: OpaquePointer?
    let created = LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))
    guard LZ4F_isError(created) == 0, let context else {
      throw Failure(what: "LZ4 decoder", expected: "a context", found: name(of: created))
    }
    defer { LZ4F_freeDecompressionContext(context) }

    var info = LZ4F_frameInfo_t()
    var consumed = frame.count
    let hint = LZ4F_getFrameInfo(context, &info, frame.baseAddress, &consumed)
    guard LZ4F_isError(hint) == 0 else {
      throw Failure(what: "LZ4 frame header", expected: "valid", found: name(of: hint))
    }
    guard info.contentSize == UInt64(rawBytes) else {
      throw Failure(
        what: "size in the LZ4 frame", expected: "\(rawBytes)", found: "\(info.contentSize)")
    }
    guard info.contentChecksumFlag == LZ4F_contentChecksumEnabled else {
      throw Failure(what: "LZ4 content checksum", expected: "present", found: "absent")
    }
    return try decode(
      context, UnsafeRawBufferPointer(rebasing: frame[consumed...]), rawBytes: rawBytes)
  }

  private static func decode(
    _ context: OpaquePointer, _ input: UnsafeRawBufferPointer, rawBytes: Int
  ) throws -> [UInt8] {
    var options = decant_lz4_options()
    // One byte more than declared, so that a frame with too much content shows itself.
    let bytes = try [UInt8](unsafeUninitializedCapacity: rawBytes + 1) { output, count in
      var read = 0
      var written = 0
      while true {
        var inputBytes = input.count - read
        var outputBytes = rawBytes + 1 - written
        let hint = LZ4F_decompress(
          context, output.baseAddress.map { $0 + written }, &outputBytes,
          input.baseAddress.map { $0 + read }, &inputBytes, &options)
        guard LZ4F_isError(hint) == 0 else {
          throw Failure(what: "LZ4 frame", expected: "valid", found: name(of: hint))
        }
        read += inputBytes
        written += outputBytes
        if hint == 0 { break }
        if inputBytes == 0 && outputBytes == 0 {
          throw Failure(what: "LZ4 frame", expected: "complete", found: "cut off")
        }
      }
      guard read == input.count else {
        throw Failure(
          what: "LZ4 frame", expected: "nothing after it", found: "\(input.count - read) bytes")
      }
      guard written == rawBytes else {
        throw Failure(what: "decoded size", expected: "\(rawBytes)", found: "\(written)")
      }
      count = written
    }
    return bytes
  }

  private static func name(of code: Int) -> String {
    String(cString: LZ4F_getErrorName(code))
  }
}
