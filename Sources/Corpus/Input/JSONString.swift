/// The text of a JSON string.
///
/// An escape of half a surrogate pair, such as `"\ud83d"`, stands for no character and cannot be
/// written in UTF-8; Python's `json` writes it all the same where a string was cut in the middle of a
/// pair. It becomes U+FFFD and is counted.
enum JSONString {
  /// A string without its escapes.
  struct Text {
    var bytes: [UInt8] = []
    /// Escapes of half a pair that became U+FFFD.
    var loneSurrogates = 0
    /// Offset of the first of them.
    var firstLoneSurrogate: Int?
  }

  /// Puts characters in place of escapes, between the quotes of a string that was found well-formed.
  static func unescape(_ line: UnsafeRawBufferPointer, _ range: Range<Int>) -> Text {
    var text = Text()
    text.bytes.reserveCapacity(range.count)
    var place = range.lowerBound
    while place < range.upperBound {
      guard line[place] == UInt8(ascii: "\\") else {
        let start = place
        while place < range.upperBound, line[place] != UInt8(ascii: "\\") { place += 1 }
        text.bytes.append(contentsOf: line[start..<place])
        continue
      }
      let letter = line[place + 1]
      guard letter == UInt8(ascii: "u") else {
        text.bytes.append(simpleEscape(letter))
        place += 2
        continue
      }
      var scalar = unit(line, at: place + 2)
      let start = place
      place += 6
      if (0xD800...0xDBFF).contains(scalar), place + 6 <= range.upperBound,
        line[place] == UInt8(ascii: "\\"), line[place + 1] == UInt8(ascii: "u")
      {
        let low = unit(line, at: place + 2)
        if (0xDC00...0xDFFF).contains(low) {
          scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
          place += 6
        }
      }
      let character = UnicodeScalar(scalar)
      if character == nil {
        text.loneSurrogates += 1
        text.firstLoneSurrogate = text.firstLoneSurrogate ?? start
      }
      text.bytes.append(contentsOf: UTF8.encode(character ?? "\u{FFFD}") ?? .init())
    }
    return text
  }

  /// The value of a hexadecimal digit, or nil.
  static func hexadecimal(_ byte: UInt8) -> UInt32? {
    switch byte {
    case 0x30...0x39: UInt32(byte) - 0x30
    case 0x41...0x46: UInt32(byte) - 0x41 + 10
    case 0x61...0x66: UInt32(byte) - 0x61 + 10
    default: nil
    }
  }

  private static func unit(_ line: UnsafeRawBufferPointer, at offset: Int) -> UInt32 {
    line[offset..<offset + 4].reduce(0) { $0 << 4 | (hexadecimal($1) ?? 0) }
  }

  private static func simpleEscape(_ letter: UInt8) -> UInt8 {
    switch letter {
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "f"): 0x0C
    case UInt8(ascii: "n"): 0x0A
    case UInt8(ascii: "r"): 0x0D
    case UInt8(ascii: "t"): 0x09
    default: letter
    }
  }
}
