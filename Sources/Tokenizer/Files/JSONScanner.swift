/// Walks over the bytes of a JSON text, as far as finding one object and reading it takes.
///
/// What it passes over is not checked; `JSONSerialization` reads that afterwards.
struct JSONScanner {
  private let bytes: UnsafeRawBufferPointer
  /// The byte that comes next.
  private(set) var place: Int
  private let path: String

  /// A walk from the first byte that is no byte order mark.
  init(_ bytes: UnsafeRawBufferPointer, path: String) {
    (self.bytes, self.path) = (bytes, path)
    place = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  /// The next byte that is no white space, nil at the end; it is not taken.
  mutating func peek() -> UInt8? {
    while place < bytes.count {
      switch bytes[place] {
      case 0x20, 0x0A, 0x0D, 0x09: place += 1
      default: return bytes[place]
      }
    }
    return nil
  }

  /// Takes a byte if it comes next, after white space.
  mutating func take(_ byte: UInt8) -> Bool {
    guard peek() == byte else { return false }
    place += 1
    return true
  }

  /// Takes a byte that has to come next, after white space.
  mutating func expect(_ byte: UInt8) throws {
    guard take(byte) else {
      throw malformed("'\(Character(Unicode.Scalar(byte)))' is missing")
    }
  }

  /// Calls `body` before each member of an object: it takes the key, and after ``expect(_:)`` of a
  /// colon the value.
  mutating func forEachMember(_ body: (inout JSONScanner) throws -> Void) throws {
    try expect(UInt8(ascii: "{"))
    if take(UInt8(ascii: "}")) { return }
    repeat { try body(&self) } while take(UInt8(ascii: ","))
    try expect(UInt8(ascii: "}"))
  }

  /// Takes a string and appends its UTF-8.
  mutating func string(appendingTo text: inout [UInt8]) throws {
    try expect(UInt8(ascii: "\""))
    var start = place
    while place < bytes.count {
      let byte = bytes[place]
      if byte == UInt8(ascii: "\"") {
        text.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[start..<place]))
        place += 1
        return
      }
      guard byte >= 0x20 else { throw malformed("a string holds a control character") }
      place += 1
      guard byte == UInt8(ascii: "\\") else { continue }
      text.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[start..<place - 1]))
      UTF8Decoder.append(try escaped(), to: &text)
      start = place
    }
    throw malformed("a string has no end")
  }

  /// Takes any value, and returns where it is.
  mutating func skipValue() throws -> Range<Int> {
    guard peek() != nil else { throw malformed("a value is missing") }
    let start = place
    var depth = 0
    repeat {
      switch peek() {
      case nil: throw malformed("it ends early")
      case UInt8(ascii: "\""): try skipString()
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        place += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        guard depth > 0 else { throw malformed("a value is missing") }
        depth -= 1
        place += 1
      case UInt8(ascii: ","), UInt8(ascii: ":"):
        guard depth > 0 else { throw malformed("a value is missing") }
        place += 1
      default: skipWord()
      }
    } while depth > 0
    return start..<place
  }

  /// The bytes of a range as text, shortened, for a message.
  func text(_ range: Range<Int>) -> String {
    String(decoding: bytes[range].prefix(40), as: UTF8.self)
  }

  /// A whole number that the bytes of a range are, nil where they are anything else.
  func integer(_ range: Range<Int>) -> Int? {
    guard range.count <= 18 else { return nil }
    var value = 0
    for place in range {
      guard case UInt8(ascii: "0")...UInt8(ascii: "9") = bytes[place] else { return nil }
      value = value * 10 + Int(bytes[place] - UInt8(ascii: "0"))
    }
    return range.isEmpty ? nil : value
  }

  /// The error for bytes that are no JSON.
  func malformed(_ reason: String) -> TokenizerError {
    .malformedJSON(path: path, reason: "\(reason) at byte \(place)")
  }

  private mutating func skipString() throws {
    place += 1
    while place < bytes.count {
      let byte = bytes[place]
      place += byte == UInt8(ascii: "\\") ? 2 : 1
      if byte == UInt8(ascii: "\"") { return }
    }
    throw malformed("a string has no end")
  }

  /// A number, `true`, `false`, `null`, or what is none of them.
  private mutating func skipWord() {
    let start = place
    while place < bytes.count {
      switch bytes[place] {
      case 0...0x20, UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "]"), UInt8(ascii: "}"),
        UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "\""):
        // A control character that begins the word is passed, so that there is an end.
        if place == start { place += 1 }
        return
      default: place += 1
      }
    }
  }

  /// The code point of an escape, after its backslash.
  private mutating func escaped() throws -> UInt32 {
    guard place < bytes.count else { throw malformed("a string has no end") }
    let letter = bytes[place]
    place += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return UInt32(letter)
    case UInt8(ascii: "b"): return 0x08
    case UInt8(ascii: "f"): return 0x0C
    case UInt8(ascii: "n"): return 0x0A
    case UInt8(ascii: "r"): return 0x0D
    case UInt8(ascii: "t"): return 0x09
    case UInt8(ascii: "u"): break
    default: throw malformed("a string has an unknown escape")
    }
    let unit = try hexadecimal()
    guard 0xD800...0xDFFF ~= unit else { return unit }
    guard unit < 0xDC00, place + 2 <= bytes.count, bytes[place] == UInt8(ascii: "\\"),
      bytes[place + 1] == UInt8(ascii: "u")
    else { throw malformed("a string has half of a surrogate pair") }
    place += 2
    let low = try hexadecimal()
    guard 0xDC00...0xDFFF ~= low else {
      throw malformed("a string has half of a surrogate pair")
    }
    return 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
  }

  private mutating func hexadecimal() throws -> UInt32 {
    guard place + 4 <= bytes.count else { throw malformed("a string has no end") }
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(bytes[place])).hexDigitValue else {
        throw malformed("an escape is not four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      place += 1
    }
    return value
  }
}
