import Kernels
import TestSupport
import Testing

struct PrefixCodeTests {
  private static func encoded(_ code: PrefixCode, _ values: [UInt32]) -> [UInt8] {
    values.withUnsafeBufferPointer(code.encode)
  }

  private static func decoded(_ code: PrefixCode, _ bytes: [UInt8], count: Int) -> [UInt32]? {
    var values = [UInt32](repeating: 0, count: count)
    let isWhole = bytes.withUnsafeBytes { bytes in
      values.withUnsafeMutableBufferPointer { code.decode(bytes, into: $0) }
    }
    return isWhole ? values : nil
  }

  @Test func everyValueComesBackSeenOrNot() {
    var generator = SeededGenerator(seed: 1)
    let sample = (0..<500).map { _ in UInt32.random(in: 0..<40, using: &generator) }
    let code = PrefixCode(sample: sample)
    let others: [UInt32] =
      [0, 15, 16, 17, 31, 32, 63, 255, 65_535, PrefixCode.limit - 1] + sample
      + (0..<1000).map { _ in UInt32.random(in: 0..<PrefixCode.limit, using: &generator) }
    for values in [sample, others, [], [3]] {
      let bytes = Self.encoded(code, values)
      #expect(Self.decoded(code, bytes, count: values.count) == values)
    }
  }

  @Test(arguments: 1...PrefixCode.sideBySide)
  func columnsSideBySideAreThoseByThemselves(width: Int) {
    var generator = SeededGenerator(seed: UInt64(width))
    for rows in [0, 1, 7, 400] {
      // Some columns cost a bit a value, others more than two bytes.
      let columns = (0..<width).map { column in
        (0..<rows).map { _ in UInt32.random(in: 0..<(1 << UInt32(3 * column)), using: &generator) }
      }
      let codes = columns.map { PrefixCode(sample: $0) }
      var coded = zip(codes, columns).map { Self.encoded($0, $1) }
      func decoded() -> (failed: Int?, values: [UInt32]) {
        var values = [UInt32](repeating: 0, count: rows * width)
        let failed = values.withUnsafeMutableBufferPointer { values in
          coded.withContiguous { PrefixCode.decode(codes[...], $0, into: values) }
        }
        return (failed, values)
      }
      let expected = (0..<rows).flatMap { row in columns.map { $0[row] } }
      #expect(decoded() == (nil, expected))
      guard rows > 0 else { continue }
      // The column that is cut off is named.
      for column in 0..<width {
        let whole = coded[column]
        coded[column].removeLast()
        #expect(decoded().failed == column)
        coded[column] = whole + [0]
        #expect(decoded().failed == column)
        coded[column] = whole
      }
    }
  }

  /// Decodes columns to bytes, `[columns, rows]`; nil where `decode` has to be asked.
  private static func bytes(_ codes: [PrefixCode], _ coded: [[UInt8]], rows: Int) -> [UInt8]? {
    var values = [UInt8](repeating: 0, count: rows * codes.count)
    let isWhole = values.withUnsafeMutableBufferPointer { values in
      coded.withContiguous { PrefixCode.decodeBytes(codes[...], $0, into: values) }
    }
    return isWhole ? values : nil
  }

  @Test(arguments: 1...PrefixCode.sideBySide)
  func columnsOfShortValuesComeAsBytes(width: Int) {
    var generator = SeededGenerator(seed: UInt64(width))
    // Geometric, so that some values are long codes; of other spread in each column.
    let samples = (0..<width).map { column in
      (0..<1000).map { _ in
        let zeros = UInt64.random(in: 1...UInt64.max, using: &generator).trailingZeroBitCount
        return UInt32(min(zeros * (1 + 2 * column), 255))
      }
    }
    let codes = samples.map { PrefixCode(sample: $0) }
    for rows in [1, 2, 18, 19, 20, 40, 1000] {
      let columns = samples.map { Array($0.suffix(rows)) }
      let coded = zip(codes, columns).map { Self.encoded($0, $1) }
      #expect(Self.bytes(codes, coded, rows: rows) == columns.flatMap { $0.map(UInt8.init) })
      for column in 0..<width {
        var other = coded
        other[column].removeLast()
        #expect(Self.bytes(codes, other, rows: rows) == nil)
        other[column] = coded[column] + [0]
        #expect(Self.bytes(codes, other, rows: rows) == nil)
      }
    }
  }

  @Test func columnsWithLongValuesAreLeftToTheOthers() {
    var generator = SeededGenerator(seed: 4)
    let short = (0..<600).map { _ in UInt32.random(in: 0..<20, using: &generator) }
    let code = PrefixCode(sample: short)
    #expect(Self.bytes([code], [Self.encoded(code, short)], rows: 600) == short.map(UInt8.init))
    for place in [0, 300, 599] {
      var values = short
      values[place] = 256
      #expect(Self.bytes([code], [Self.encoded(code, values)], rows: 600) == nil)
    }
    let long = PrefixCode(sample: short + [300])
    #expect(Self.bytes([long], [Self.encoded(long, short)], rows: 600) == nil)
  }

  @Test func damagedBytesOfShortValuesAreRefusedOrStayWithinBounds() {
    var generator = SeededGenerator(seed: 5)
    let columns = (0..<3).map { _ in
      (0..<400).map { _ in UInt32.random(in: 0..<30, using: &generator) }
    }
    let codes = columns.map { PrefixCode(sample: $0) }
    let coded = zip(codes, columns).map { Self.encoded($0, $1) }
    for _ in 0..<2000 {
      var damaged = coded
      let column = Int.random(in: 0..<3, using: &generator)
      let place = Int.random(in: 0..<coded[column].count, using: &generator)
      damaged[column][place] ^= UInt8.random(in: 1...255, using: &generator)
      // What both accept is the same.
      guard let bytes = Self.bytes(codes, damaged, rows: 400) else { continue }
      for column in 0..<3 {
        #expect(
          Self.decoded(codes[column], damaged[column], count: 400)
            == bytes[column * 400..<(column + 1) * 400].map(UInt32.init))
      }
    }
  }

  @Test func bitsThatNoCodeBeginsWithAreRefusedAnywhere() {
    // Lengths 2 and 3 leave most of the code's space unused.
    var lengths = [UInt8](repeating: 0, count: PrefixCode.symbolCount)
    lengths[1] = 2
    lengths[PrefixCode.symbolCount - 1] = 3
    guard let code = PrefixCode(lengths: lengths) else {
      Issue.record("no code")
      return
    }
    let good = Self.encoded(code, [UInt32](repeating: 1, count: 200))
    #expect(Self.decoded(code, good, count: 200) != nil)
    for place in good.indices {
      var bad = good
      bad[place] = 0xFF
      #expect(Self.decoded(code, bad, count: 200) == nil, "byte \(place)")
    }
  }

  @Test func aGeometricSampleCostsNearlyItsEntropy() {
    // P(v) = 2^-(v+1): every code of the best prefix code is its own entropy, 2 bits on average.
    var generator = SeededGenerator(seed: 2)
    let values = (0..<20_000).map { _ in
      UInt32(UInt64.random(in: 1...UInt64.max, using: &generator).trailingZeroBitCount)
    }
    let bytes = Self.encoded(PrefixCode(sample: values), values)
    // Within 2 %: the limit of 11 bits, the escape, and the sample itself.
    #expect(Double(bytes.count * 8) / 20_000 < 2 * 1.02)
  }

  @Test func damagedBytesNeverPassForAnotherNumberOfValues() {
    var generator = SeededGenerator(seed: 3)
    let values = (0..<300).map { _ in UInt32.random(in: 0..<1000, using: &generator) }
    let code = PrefixCode(sample: values)
    let bytes = Self.encoded(code, values)
    #expect(Self.decoded(code, bytes, count: 299) == nil)
    #expect(Self.decoded(code, bytes, count: 301) == nil)
    #expect(Self.decoded(code, Array(bytes.dropLast()), count: 300) == nil)
    #expect(Self.decoded(code, bytes + [0], count: 300) == nil)
    for _ in 0..<2000 {
      var damaged = bytes
      let place = Int.random(in: 0..<bytes.count, using: &generator)
      damaged[place] ^= UInt8.random(in: 1...255, using: &generator)
      // Either refused or some other values below the limit; never out of bounds.
      if let other = Self.decoded(code, damaged, count: 300) {
        #expect(other.allSatisfy { $0 < PrefixCode.limit })
      }
    }
  }

  @Test func lengthsThatAreNoCodeAreRefused() {
    let code = PrefixCode(sample: [1, 2, 3])
    #expect(PrefixCode(lengths: code.lengths) == code)
    var tooMany = code.lengths
    for symbol in 0..<20 { tooMany[symbol] = 2 }
    #expect(PrefixCode(lengths: tooMany) == nil)
    var withoutEscape = code.lengths
    withoutEscape[PrefixCode.symbolCount - 1] = 0
    #expect(PrefixCode(lengths: withoutEscape) == nil)
    var tooLong = code.lengths
    tooLong[5] = 12
    #expect(PrefixCode(lengths: tooLong) == nil)
    #expect(PrefixCode(lengths: [1, 1]) == nil)
  }
}

extension [[UInt8]] {
  /// All of them in memory at once.
  fileprivate func withContiguous<Result>(_ body: ([UnsafeRawBufferPointer]) -> Result) -> Result {
    let joined = flatMap(\.self)
    return joined.withUnsafeBytes { bytes in
      var first = 0
      let parts = map { part in
        defer { first += part.count }
        return UnsafeRawBufferPointer(rebasing: bytes[first..<first + part.count])
      }
      return body(parts)
    }
  }
}
