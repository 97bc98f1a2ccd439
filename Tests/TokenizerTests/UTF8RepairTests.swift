import TestSupport
import Testing
import Tokenizer

struct UTF8RepairTests {
  @Test func validTextIsLeftAlone() {
    for text in ["", "plain ASCII of more than eight bytes", "Größe 我 😀", "\u{FFFD}"] {
      let result = UTF8Repair.repair(Array(text.utf8))
      #expect(result == UTF8Repair.repair(Array(text.utf8)))
      #expect(result.repaired == nil)
      #expect(result.invalidCount == 0)
      #expect(result.firstInvalidOffset == nil)
    }
  }

  @Test func maximalSubpartsBecomeOneReplacementEach() {
    // The example of the Unicode standard, table 3-8.
    let bytes: [UInt8] = [
      0x61, 0xF1, 0x80, 0x80, 0xE1, 0x80, 0xC2, 0x62, 0x80, 0x63, 0x80, 0xBF, 0x64,
    ]
    let result = UTF8Repair.repair(bytes)
    #expect(result.repaired == Array("a\u{FFFD}\u{FFFD}\u{FFFD}b\u{FFFD}c\u{FFFD}\u{FFFD}d".utf8))
    #expect(result.invalidCount == 6)
    #expect(result.firstInvalidOffset == 1)
  }

  @Test func surrogatesOverlongFormsAndLargeNumbersAreInvalid() {
    for bytes: [UInt8] in [
      [0xED, 0xA0, 0x80], [0xC0, 0x80], [0xE0, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF],
      [0xF5, 0x80],
    ] {
      let result = UTF8Repair.repair(bytes)
      #expect(result.firstInvalidOffset == 0)
      #expect(result.invalidCount == bytes.count)
    }
  }

  @Test func agreesWithTheStandardLibraryOnRandomBytes() {
    var generator = SeededGenerator(seed: 11)
    let pool: [UInt8] = [0x61, 0x80, 0xBF, 0xC2, 0xE0, 0xA0, 0xED, 0x9F, 0xF0, 0x90, 0xF4, 0x8F]
    for round in 0..<20_000 {
      let bytes = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
        round % 2 == 0
          ? pool[Int.random(in: 0..<pool.count, using: &generator)]
          : UInt8.random(in: 0...255, using: &generator)
      }
      let result = UTF8Repair.repair(bytes)
      #expect(result.repaired ?? bytes == Array(String(decoding: bytes, as: UTF8.self).utf8))
      #expect((result.invalidCount == 0) == (result.repaired == nil))
    }
  }
}
