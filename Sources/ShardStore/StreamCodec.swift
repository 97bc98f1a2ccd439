import Crypto
import Foundation

/// How a stream's bytes lie in the file: as an LZ4 frame or as they are, whichever is smaller.
///
/// Both keep the SHA-256 of the decoded bytes beside them; an LZ4 frame has a checksum of its own
/// as well, which other programs check.
enum StreamCodec: Int64 {
  case raw = 0
  case lz4 = 1

  /// LZ4 cannot expand a byte to more than 255; the margin covers the frame's own bytes.
  static let largestExpansion = 256

  /// A stream ready to be stored.
  struct Encoded: Sendable {
    var name: String
    var codec: StreamCodec
    var rawBytes: Int
    var checksum: Data
    var payload: Data
  }

  /// Encodes a stream; the result depends on its bytes, the level and the version of liblz4 only.
  static func encode(
    _ stream: NamedStream, level: Int32 = LZ4Frame.highLevel
  ) throws -> Encoded {
    let frame = try LZ4Frame.compress(stream.bytes, level: level)
    let shrinks = frame.count < stream.bytes.count
    return Encoded(
      name: stream.name, codec: shrinks ? .lz4 : .raw, rawBytes: stream.bytes.count,
      checksum: Data(SHA256.hash(data: stream.bytes)),
      payload: Data(shrinks ? frame : stream.bytes))
  }

  /// Decodes and checks a payload.
  ///
  /// - Throws: `LZ4Frame.Failure`, to which the caller adds the place.
  static func decode(
    _ payload: [UInt8], codec: StreamCodec, rawBytes: Int, checksum: [UInt8]
  ) throws -> [UInt8] {
    let bytes: [UInt8]
    switch codec {
    case .raw:
      guard payload.count == rawBytes else {
        throw LZ4Frame.Failure(
          what: "stored size", expected: "\(rawBytes)", found: "\(payload.count)")
      }
      bytes = payload
    case .lz4:
      bytes = try payload.withUnsafeBytes { try LZ4Frame.decompress($0, rawBytes: rawBytes) }
    }
    let found = [UInt8](SHA256.hash(data: bytes))
    guard found == checksum else {
      throw LZ4Frame.Failure(
        what: "SHA-256", expected: Hexadecimal.text(checksum), found: Hexadecimal.text(found))
    }
    return bytes
  }
}
