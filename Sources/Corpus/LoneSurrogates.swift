/// Mends JSON strings that hold half of a surrogate pair, such as `"\ud83d"`.
///
/// Such an escape stands for no character and cannot be written in UTF-8; Python's `json` writes it
/// all the same where a string was cut in the middle of a pair.
enum LoneSurrogates {
  /// Puts `\uFFFD` in place of each escape of half a pair; no byte moves.
  ///
  /// - Parameter line: One line of JSON.
  /// - Returns: the mended line, the number of places and the offset of the first; nil where there is
  ///   none.
  static func repair(
    _ line: UnsafeRawBufferPointer
  ) -> (bytes: [UInt8], count: Int, firstOffset: Int)? {
    var lone: [Int] = []
    var index = 0
    while index + 1 < line.count {
      guard line[index] == UInt8(ascii: "\\") else {
        index += 1
        continue
      }
      guard let unit = escapedUnit(line, at: index) else {
        // Another escape; the byte after the backslash cannot begin one.
        index += 2
        continue
      }
      switch unit {
      case 0xD800...0xDBFF:
        if let next = escapedUnit(line, at: index + 6), (0xDC00...0xDFFF).contains(next) {
          index += 6
        } else {
          lone.append(index)
        }
      case 0xDC00...0xDFFF:
        lone.append(index)
      default:
        break
      }
      index += 6
    }
    guard let first = lone.first else { return nil }
    var bytes = Array(line)
    for offset in lone {
      bytes.replaceSubrange(offset + 2..<offset + 6, with: "FFFD".utf8)
    }
    return (bytes, lone.count, first)
  }

  /// The number of an escape `\uXXXX` at an offset, or nil.
  private static func escapedUnit(_ line: UnsafeRawBufferPointer, at offset: Int) -> UInt32? {
    guard offset + 6 <= line.count, line[offset] == UInt8(ascii: "\\"),
      line[offset + 1] == UInt8(ascii: "u")
    else { return nil }
    var unit: UInt32 = 0
    for byte in line[offset + 2..<offset + 6] {
      guard let digit = Character(UnicodeScalar(byte)).hexDigitValue else { return nil }
      unit = unit << 4 | UInt32(digit)
    }
    return unit
  }
}
