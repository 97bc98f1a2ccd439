/// A map from code points to short sequences of code points, by binary search.
struct ScalarMap: Sendable {
  /// The mapped code points, ascending.
  let keys: [UInt32]
  /// `values[bounds[i]..<bounds[i + 1]]` belongs to `keys[i]`.
  private let bounds: [Int]
  private let values: [UInt32]

  /// Decodes `key:value.value` items in ascending order of keys.
  init(_ text: StaticString) {
    var keys: [UInt32] = []
    var bounds = [0]
    var values: [UInt32] = []
    HexItems(text).forEach { numbers in
      keys.append(numbers[0])
      values.append(contentsOf: numbers.dropFirst())
      bounds.append(values.count)
    }
    (self.keys, self.bounds, self.values) = (keys, bounds, values)
  }

  /// The mapping of a code point, nil where there is none.
  subscript(key: UInt32) -> ArraySlice<UInt32>? {
    var low = 0
    var high = keys.count
    while low < high {
      let middle = (low + high) / 2
      if keys[middle] < key { low = middle + 1 } else { high = middle }
    }
    guard low < keys.count, keys[low] == key else { return nil }
    return values[bounds[low]..<bounds[low + 1]]
  }
}

/// A set of code points, by binary search among ranges.
struct ScalarRanges: Sendable {
  private let firsts: [UInt32]
  private let lasts: [UInt32]

  /// Decodes `first-last` items in ascending order.
  init(_ text: StaticString) {
    var firsts: [UInt32] = []
    var lasts: [UInt32] = []
    HexItems(text).forEach { numbers in
      firsts.append(numbers[0])
      lasts.append(numbers[numbers.count - 1])
    }
    (self.firsts, self.lasts) = (firsts, lasts)
  }

  func contains(_ scalar: UInt32) -> Bool {
    var low = 0
    var high = lasts.count
    while low < high {
      let middle = (low + high) / 2
      if lasts[middle] < scalar { low = middle + 1 } else { high = middle }
    }
    return low < firsts.count && firsts[low] <= scalar
  }
}

/// Collects the properties of code points and packs them into a two-stage table.
///
/// Most pages of 256 code points are all alike; only the others get memory of their own, since the
/// tables are made anew in each process.
struct PropertyTableBuilder {
  private static let pageCount = 0x110000 / 256

  /// The bits that all code points of a page have.
  private var bitsOfPage = [UInt16](repeating: 0, count: pageCount)
  /// Where the page's own bits begin; -1 where it has none.
  private var placeOfPage = [Int](repeating: -1, count: pageCount)
  private var ownBits: [UInt16] = []

  /// Sets `bits` on every code point of a range.
  mutating func insert(_ scalars: ClosedRange<UInt32>, bits: UInt16) {
    for page in Int(scalars.lowerBound >> 8)...Int(scalars.upperBound >> 8) {
      let first = max(Int(scalars.lowerBound) - page << 8, 0)
      let last = min(Int(scalars.upperBound) - page << 8, 255)
      if first == 0, last == 255 {
        bitsOfPage[page] |= bits
        continue
      }
      if placeOfPage[page] < 0 {
        placeOfPage[page] = ownBits.count
        ownBits.append(contentsOf: repeatElement(0, count: 256))
      }
      for place in placeOfPage[page] + first...placeOfPage[page] + last { ownBits[place] |= bits }
    }
  }

  /// Sets `bits` on every code point of `first-last` items.
  mutating func insert(_ text: StaticString, bits: UInt16) {
    HexItems(text).forEach { insert($0[0]...$0[$0.count - 1], bits: bits) }
  }

  /// Sets the upper byte of every code point of `first-last:class` items.
  mutating func insertCombiningClasses(_ text: StaticString) {
    HexItems(text).forEach { numbers in
      let bits = UInt16(numbers[numbers.count - 1]) << 8
      insert(numbers[0]...numbers[numbers.count - 2], bits: bits)
    }
  }

  /// The block number of each page of 256 code points, and the blocks.
  func finish() -> (blockOfPage: [UInt16], blocks: [UInt16]) {
    var blocks = ownBits
    var uniform: [UInt16: UInt16] = [:]
    var blockOfPage: [UInt16] = []
    blockOfPage.reserveCapacity(Self.pageCount)
    for page in 0..<Self.pageCount {
      let bits = bitsOfPage[page]
      if placeOfPage[page] >= 0 {
        let place = placeOfPage[page]
        for index in place..<place + 256 { blocks[index] |= bits }
        blockOfPage.append(UInt16(place / 256))
      } else if let number = uniform[bits] {
        blockOfPage.append(number)
      } else {
        let number = UInt16(blocks.count / 256)
        uniform[bits] = number
        blocks.append(contentsOf: repeatElement(bits, count: 256))
        blockOfPage.append(number)
      }
    }
    return (blockOfPage, blocks)
  }
}

/// The items of a generated table: hexadecimal numbers joined by `-`, `:` or `.`.
struct HexItems {
  private let text: StaticString

  init(_ text: StaticString) { self.text = text }

  /// Calls `body` with the numbers of each item, in order.
  func forEach(_ body: ([UInt32]) -> Void) {
    text.withUTF8Buffer { bytes in
      var numbers: [UInt32] = []
      var number: UInt32 = 0
      var inItem = false
      func endItem() {
        guard inItem else { return }
        numbers.append(number)
        body(numbers)
        numbers.removeAll(keepingCapacity: true)
        number = 0
        inItem = false
      }
      for byte in bytes {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
          number = number << 4 | UInt32(byte & 0xF)
          inItem = true
        case UInt8(ascii: "A")...UInt8(ascii: "F"):
          number = number << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
          inItem = true
        case UInt8(ascii: " "), UInt8(ascii: "\n"):
          endItem()
        default:
          numbers.append(number)
          number = 0
        }
      }
      endItem()
    }
  }
}
