/// Finds one string in a line of JSON and checks all of the line.
///
/// Follows RFC 8259 to the letter; of equal names the last one counts, as in most readers. Several
/// times faster than decoding the record, since nothing but the wanted field is taken out.
struct JSONFieldScanner {
  /// What is at the end of the path.
  enum Finding: Equatable {
    /// The bytes between the quotes.
    case text(Range<Int>, hasEscapes: Bool)
    case missing
    case null
    case other
  }

  /// The line is not a JSON object.
  struct Malformed: Error {
    let reason: String
  }

  /// Levels of arrays and objects at most; bounds the recursion.
  private static let depthLimit = 512

  private let bytes: UnsafeRawBufferPointer
  private let path: [JSONPath.Component]
  private var place = 0
  private var finding = Finding.missing

  /// Looks a field up in a line of valid UTF-8.
  static func find(
    _ path: JSONPath, in line: UnsafeRawBufferPointer
  ) throws(Malformed) -> Finding {
    var scanner = JSONFieldScanner(bytes: line, path: path.components)
    scanner.skipSpace()
    guard scanner.peek == UInt8(ascii: "{") else {
      try scanner.skipValue(depth: 0)
      throw Malformed(reason: "it is another JSON value")
    }
    try scanner.value(depth: 0, level: 0)
    scanner.skipSpace()
    guard scanner.place == line.count else { throw scanner.unexpected() }
    return scanner.finding
  }

  private init(bytes: UnsafeRawBufferPointer, path: [JSONPath.Component]) {
    self.bytes = bytes
    self.path = path
  }

  private var peek: UInt8? { place < bytes.count ? bytes[place] : nil }

  private func unexpected() -> Malformed {
    guard let byte = peek else { return Malformed(reason: "it ends early") }
    let shown =
      (0x21...0x7E).contains(byte) ? "'\(Character(UnicodeScalar(byte)))'" : "byte \(byte)"
    return Malformed(reason: "\(shown) is not expected at byte \(place + 1) of the line")
  }

  private mutating func skipSpace() {
    while place < bytes.count {
      switch bytes[place] {
      case 0x20, 0x09, 0x0A, 0x0D: place += 1
      default: return
      }
    }
  }

  private mutating func expect(_ byte: UInt8) throws(Malformed) {
    guard peek == byte else { throw unexpected() }
    place += 1
  }

  /// Reads a value on the path: `level` steps of it are done.
  private mutating func value(depth: Int, level: Int) throws(Malformed) {
    finding = .missing
    if level == path.count {
      if peek == UInt8(ascii: "\"") {
        let (range, hasEscapes) = try string()
        finding = .text(range, hasEscapes: hasEscapes)
      } else {
        finding = peek == UInt8(ascii: "n") ? .null : .other
        try skipValue(depth: depth)
      }
      return
    }
    let step = path[level]
    switch peek {
    case UInt8(ascii: "{"):
      try object(depth: depth) { (scanner, name, depth) throws(Malformed) in
        if scanner.isName(name, step.name) {
          try scanner.value(depth: depth, level: level + 1)
        } else {
          try scanner.skipValue(depth: depth)
        }
      }
    case UInt8(ascii: "[") where step.index != nil:
      try array(depth: depth) { (scanner, index, depth) throws(Malformed) in
        if index == step.index {
          try scanner.value(depth: depth, level: level + 1)
        } else {
          try scanner.skipValue(depth: depth)
        }
      }
    default:
      try skipValue(depth: depth)
    }
  }

  /// Reads a value that is not wanted.
  private mutating func skipValue(depth: Int) throws(Malformed) {
    switch peek {
    case UInt8(ascii: "{"):
      try object(depth: depth) { (scanner, _, depth) throws(Malformed) in
        try scanner.skipValue(depth: depth)
      }
    case UInt8(ascii: "["):
      try array(depth: depth) { (scanner, _, depth) throws(Malformed) in
        try scanner.skipValue(depth: depth)
      }
    case UInt8(ascii: "\""): _ = try string()
    case UInt8(ascii: "t"): try literal("true")
    case UInt8(ascii: "f"): try literal("false")
    case UInt8(ascii: "n"): try literal("null")
    default: try number()
    }
  }

  private typealias Name = (range: Range<Int>, hasEscapes: Bool)

  private mutating func object(
    depth: Int, _ member: (inout JSONFieldScanner, Name, Int) throws(Malformed) -> Void
  ) throws(Malformed) {
    try enter(depth)
    if peek == UInt8(ascii: "}") {
      place += 1
      return
    }
    while true {
      let name = try string()
      skipSpace()
      try expect(UInt8(ascii: ":"))
      skipSpace()
      try member(&self, name, depth + 1)
      guard try hasMore(closing: UInt8(ascii: "}")) else { return }
    }
  }

  private mutating func array(
    depth: Int, _ element: (inout JSONFieldScanner, Int, Int) throws(Malformed) -> Void
  ) throws(Malformed) {
    try enter(depth)
    if peek == UInt8(ascii: "]") {
      place += 1
      return
    }
    var index = 0
    while true {
      try element(&self, index, depth + 1)
      guard try hasMore(closing: UInt8(ascii: "]")) else { return }
      index += 1
    }
  }

  private mutating func enter(_ depth: Int) throws(Malformed) {
    guard depth < JSONFieldScanner.depthLimit else {
      throw Malformed(reason: "it is nested more than \(JSONFieldScanner.depthLimit) levels deep")
    }
    place += 1
    skipSpace()
  }

  private mutating func hasMore(closing: UInt8) throws(Malformed) -> Bool {
    skipSpace()
    if peek == closing {
      place += 1
      return false
    }
    try expect(UInt8(ascii: ","))
    skipSpace()
    return true
  }

  private mutating func literal(_ word: StaticString) throws(Malformed) {
    for index in 0..<word.utf8CodeUnitCount { try expect(word.utf8Start[index]) }
  }

  private mutating func digits() throws(Malformed) {
    guard let byte = peek, (0x30...0x39).contains(byte) else { throw unexpected() }
    while let byte = peek, (0x30...0x39).contains(byte) { place += 1 }
  }

  private mutating func number() throws(Malformed) {
    if peek == UInt8(ascii: "-") { place += 1 }
    if peek == UInt8(ascii: "0") {
      place += 1
    } else {
      try digits()
    }
    if peek == UInt8(ascii: ".") {
      place += 1
      try digits()
    }
    if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
      place += 1
      if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { place += 1 }
      try digits()
    }
  }

  /// Passes over a string and gives what is between its quotes.
  private mutating func string() throws(Malformed) -> Name {
    try expect(UInt8(ascii: "\""))
    let start = place
    var hasEscapes = false
    while true {
      skipPlain()
      switch peek {
      case UInt8(ascii: "\""):
        place += 1
        return (start..<place - 1, hasEscapes)
      case UInt8(ascii: "\\"):
        hasEscapes = true
        try escape()
      case let byte? where byte >= 0x20:
        place += 1
      default:
        throw unexpected()
      }
    }
  }

  /// Passes over bytes that end nothing, eight at a time.
  private mutating func skipPlain() {
    while place + 8 <= bytes.count {
      let word = bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
      let ones: UInt64 = 0x0101_0101_0101_0101
      // A zero byte of `x` sets its top bit in (x - ones) & ~x; later bytes may be wrong, not earlier.
      let quotes = word ^ (ones &* 0x22)
      let slashes = word ^ (ones &* 0x5C)
      let special =
        ((word &- (ones &* 0x20)) & ~word) | ((quotes &- ones) & ~quotes)
        | ((slashes &- ones) & ~slashes)
      guard special & (ones &* 0x80) == 0 else { return skipPlainBytes() }
      place += 8
    }
    skipPlainBytes()
  }

  private mutating func skipPlainBytes() {
    while place < bytes.count, bytes[place] >= 0x20, bytes[place] != 0x22, bytes[place] != 0x5C {
      place += 1
    }
  }

  private mutating func escape() throws(Malformed) {
    place += 1
    switch peek {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
      UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      place += 1
    case UInt8(ascii: "u"):
      place += 1
      for _ in 0..<4 {
        guard let byte = peek, JSONString.hexadecimal(byte) != nil else { throw unexpected() }
        place += 1
      }
    default:
      throw unexpected()
    }
  }

  private func isName(_ found: Name, _ wanted: [UInt8]) -> Bool {
    guard found.hasEscapes else { return bytes[found.range].elementsEqual(wanted) }
    return JSONString.unescape(bytes, found.range).bytes == wanted
  }
}
