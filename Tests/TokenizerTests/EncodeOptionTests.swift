import TestSupport
import Testing
import Tokenizer

@Suite(.enabled(if: SharedFixtures.available, "skipped: ../shared is missing"))
struct EncodeOptionTests {
  private let tokenizer: WordPieceTokenizer

  init() throws { tokenizer = try ReferenceTokenizers.named("uncased") }

  @Test func emptyTextIsTheTemplateAlone() throws {
    #expect(try tokenizer.encode("").ids == [101, 102])
    #expect(try tokenizer.encode("", pair: "").ids == [101, 102, 102])
    #expect(try tokenizer.encode("", pair: "").typeIDs == [0, 0, 1])
  }

  @Test func specialTokensCanBeOrdinaryText() throws {
    let options = EncodeOptions(addsSpecialTokens: false, recognizesSpecialTokens: false)
    let encoding = try tokenizer.encode("[MASK]", options: options)
    #expect(encoding.tokens == ["[", "mask", "]"])
  }

  @Test func splitInputCountsGivenWords() throws {
    let encoding = try tokenizer.encode(words: ["unaffable", "", "it's"])
    #expect(encoding.tokens == ["[CLS]", "una", "##ffa", "##ble", "it", "'", "s", "[SEP]"])
    #expect(encoding.wordIDs == [-1, 0, 0, 0, 2, 2, 2, -1])
    #expect(encoding.offsets == [0..<0, 0..<3, 3..<6, 6..<9, 0..<2, 2..<3, 3..<4, 0..<0])
  }

  @Test func noRoomAtAllKeepsTheTemplateAndLetsEverythingOverflow() throws {
    let encoding = try tokenizer.encode(
      "one two",
      options: EncodeOptions(truncation: Truncation(maxLength: 2, returnsOverflow: true)))
    #expect(encoding.ids == [101, 102])
    #expect(encoding.overflowing.map(\.ids) == [[101, 2028, 2048, 102]])
  }

  @Test func bytesThatAreNotUTF8AreRepairedOrNamed() throws {
    let tokenizer = try ReferenceTokenizers.named("uncased")
    let bytes: [UInt8] = [0x61, 0xFF, 0x62, 0x20, 0xE2, 0x82, 0x63]
    let encoding = try bytes.withUnsafeBytes {
      try tokenizer.encode(utf8: $0, options: EncodeOptions(addsSpecialTokens: false))
    }
    #expect(encoding.tokens == ["ab", "c"])
    #expect(encoding.byteOffsets == [0..<3, 6..<7])
    #expect(encoding.offsets == [0..<3, 5..<6])
    #expect(throws: TokenizerError.invalidText(byteOffset: 1)) {
      try bytes.withUnsafeBytes { try tokenizer.encode(utf8: $0, strict: true) }
    }
  }

  @Test func theOverflowOfAPairIsNotBuiltBeforeItIsRead() throws {
    // 20,000 by 20,000 parts: were they built, this test would not end.
    let tokenizer = try ReferenceTokenizers.named("uncased")
    let long = String(repeating: "a ", count: 20_003)
    let encoding = try tokenizer.encode(
      long, pair: long,
      options: EncodeOptions(
        truncation: Truncation(maxLength: 11, stride: 3, returnsOverflow: true)))
    #expect(encoding.ids.count == 11)
    #expect(encoding.overflowing.count == 20_000 * 20_000 - 1)
    #expect(encoding.overflowing[123_456_789].ids.count == 11)
    #expect(encoding.overflowing.last?.ids.count == 11)
  }

  @Test func overflowIsBuiltOnlyWhenAskedFor() throws {
    let encoding = try tokenizer.encode(
      "one two three", options: EncodeOptions(truncation: Truncation(maxLength: 3)))
    #expect(encoding.ids == [101, 2028, 102])
    #expect(encoding.overflowing.isEmpty)
  }

  @Test func impossibleTruncationIsAnError() throws {
    func encode(_ pair: String?, _ truncation: Truncation) throws -> Encoding {
      try tokenizer.encode(
        "one two three", pair: pair, options: EncodeOptions(truncation: truncation))
    }
    // The reference wraps below zero here and does not truncate.
    #expect(throws: TokenizerError.maxLengthTooShort(maxLength: 1, specialTokens: 2)) {
      try encode(nil, Truncation(maxLength: 1))
    }
    #expect(throws: TokenizerError.strideTooLong(stride: 2, keptLength: 2)) {
      try encode(nil, Truncation(maxLength: 4, stride: 2))
    }
    // Refused whatever the text, where it can never work.
    #expect(throws: TokenizerError.strideTooLong(stride: 11, keptLength: 10)) {
      try encode(nil, Truncation(maxLength: 12, stride: 11))
    }
    #expect(throws: TokenizerError.missingSecondSequence) {
      try encode(nil, Truncation(maxLength: 4, strategy: .onlySecond))
    }
    #expect(throws: TokenizerError.sequenceTooShort(sequence: "second", length: 1, excess: 2)) {
      try encode("one", Truncation(maxLength: 5, strategy: .onlySecond))
    }
  }

  @Test func aBatchIsPaddedToItsLongest() throws {
    let batch = [WordPieceTokenizer.Input("one"), WordPieceTokenizer.Input("one two three")]
    let right = try tokenizer.encode(
      batch: batch, options: EncodeOptions(padding: Padding(multipleOf: 4)))
    #expect(right.map(\.count) == [8, 8])
    #expect(right[0].ids == [101, 2028, 102, 0, 0, 0, 0, 0])
    #expect(right[0].attentionMask == [1, 1, 1, 0, 0, 0, 0, 0])
    let left = try tokenizer.encode(
      batch: batch, options: EncodeOptions(padding: Padding(direction: .left)))
    #expect(left[0].ids == [0, 0, 101, 2028, 102])
    #expect(left[0].specialTokensMask == [1, 1, 1, 0, 1])
    #expect(left[0].wordIDs == [-1, -1, -1, 0, -1])
  }
}
