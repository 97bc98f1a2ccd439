import Kernels
import Testing

@Suite struct HalfPrecisionTests {
  @Test func everyHalfWidensExactly() {
    let bits = (0...UInt16.max).map { $0 }
    let widened = HalfPrecision.widen(half: bits, count: bits.count)
    for (bit, value) in zip(bits, widened) {
      let expected = Float(Float16(bitPattern: bit))
      #expect(value == expected || (value.isNaN && expected.isNaN), "\(bit)")
    }
  }

  @Test func everyFiniteHalfSurvivesARoundTrip() {
    let bits = (0...UInt16.max).filter { $0 & 0x7c00 != 0x7c00 }
    let widened = HalfPrecision.widen(half: bits, count: bits.count)
    #expect(widened.withUnsafeBufferPointer { HalfPrecision.narrow($0) } == bits)
  }

  @Test func bfloat16IsTheUpperHalfOfAFloat() {
    let bits: [UInt16] = [0x3f80, 0xc000, 0x7f80, 0x0001]
    let expected = bits.map { Float(bitPattern: UInt32($0) << 16) }
    #expect(HalfPrecision.widen(bfloat16: bits, count: 4) == expected)
  }
}
