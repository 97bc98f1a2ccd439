import Tokenizer

/// Token IDs as text: decimal, as the token, or as the token in JSON, made once for each ID.
///
/// Owns its memory; immutable, so any number of threads may read it.
final class TokenText: @unchecked Sendable {  // Immutable after init.
  /// How an ID is written.
  enum Form {
    case number, token, json
  }

  /// Texts one after the other, with room to read a cell behind the last.
  private let bytes: UnsafeMutableRawPointer
  private let starts: [Int32]
  private let longest: Int
  /// Short texts are copied as so many bytes, whatever their length.
  private static let cell = 16

  /// Prepares all IDs of a tokenizer.
  init(_ tokenizer: WordPieceTokenizer, as form: Form) {
    var all: [UInt8] = []
    var starts: [Int32] = [0]
    var longest = Self.cell
    for id in 0..<Int32(tokenizer.vocabularySize) {
      switch form {
      case .number: all += Array(String(id).utf8)
      case .token: all += Array(tokenizer.token(id).utf8)
      case .json: all += Self.jsonString(tokenizer.token(id))
      }
      longest = max(longest, all.count - Int(starts[starts.count - 1]))
      starts.append(Int32(all.count))
    }
    let bytes = UnsafeMutableRawPointer.allocate(
      byteCount: all.count + Self.cell, alignment: Self.cell)
    bytes.initializeMemory(as: UInt8.self, repeating: 0, count: all.count + Self.cell)
    UnsafeMutableRawBufferPointer(start: bytes, count: all.count).copyBytes(from: all)
    (self.bytes, self.starts, self.longest) = (bytes, starts, longest)
  }

  deinit { bytes.deallocate() }

  /// Appends the text of an ID.
  func append(_ id: Int32, to output: ByteOutput) {
    output.reserve(longest)
    output.count += copy(Int(id), to: output.base + output.count)
  }

  /// Appends the texts of IDs, parted by a byte.
  func append(_ ids: [Int32], separator: UInt8, to output: ByteOutput) {
    guard !ids.isEmpty else { return }
    output.reserve(ids.count * (longest + 1) + Self.cell)
    let first = output.base + output.count
    var place = first
    for id in ids {
      place += copy(Int(id), to: place)
      place.storeBytes(of: separator, as: UInt8.self)
      place += 1
    }
    output.count += place - first - 1
  }

  @inline(__always)
  private func copy(_ id: Int, to place: UnsafeMutableRawPointer) -> Int {
    let start = Int(starts[id])
    let count = Int(starts[id + 1]) - start
    if count <= Self.cell {
      let cell = (bytes + start).loadUnaligned(as: SIMD2<UInt64>.self)
      place.storeBytes(of: cell, as: SIMD2<UInt64>.self)
    } else {
      place.copyMemory(from: bytes + start, byteCount: count)
    }
    return count
  }

  /// A string in JSON, with its quotes.
  private static func jsonString(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = [UInt8(ascii: "\"")]
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0..<0x20:
        let digits = Array("0123456789abcdef".utf8)
        bytes += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 0xF)]]
      default: bytes.append(byte)
      }
    }
    return bytes + [UInt8(ascii: "\"")]
  }
}
