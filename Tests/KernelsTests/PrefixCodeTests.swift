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
