import Foundation
import TestSupport
import Testing
import Tokenizer

@Suite(.enabled(if: SharedFixtures.available, "skipped: ../shared is missing"))
struct ReferenceCaseTests {
  private struct Case: Decodable {
    let cat: String
    let name: String
    let flags: String
    let text: String
    let normalized: String
    let ids: [Int32]
    let tokens: [String]
    let char_offsets: [[Int]]
    let word_ids: [Int32?]
  }

  @Test func trickyCasesEqualTheReference() throws {
    let url = try #require(SharedFixtures.url("fixtures/tokenizer/cases.jsonl"))
    let cases = try ReferenceFile.jsonLines(url, as: Case.self)
    #expect(cases.count == 251)
    for (flags, cases) in Dictionary(grouping: cases, by: \.flags) {
      let tokenizer = try ReferenceTokenizers.named(flags)
      let fast = tokenizer.makeTokenIDEncoder()
      for item in cases {
        let name = Comment(rawValue: "\(item.cat): \(item.name)")
        let encoding = try tokenizer.encode(
          item.text, options: EncodeOptions(addsSpecialTokens: false))
        #expect(encoding.ids == item.ids, name)
        // Bytes, for Swift's == takes canonically equivalent strings as equal.
        #expect(encoding.tokens.map { Array($0.utf8) } == item.tokens.map { Array($0.utf8) }, name)
        #expect(encoding.offsets == ranges(item.char_offsets), name)
        #expect(encoding.byteOffsets == byteOffsets(encoding.offsets, in: item.text), name)
        #expect(encoding.wordIDs == wordIDs(item.word_ids), name)
        let normalized = Normalizer(options: tokenizer.options).normalize(
          NormalizedText(scalars: item.text.unicodeScalars.map(\.value)))
        #expect(normalized.scalars == item.normalized.unicodeScalars.map(\.value), name)
        #expect(fast.ids(item.text) == item.ids, name)
        #expect(fast.ids(item.text) == item.ids, name)
        #expect(tokenizer.uncachedIDs(item.text) == item.ids, name)
      }
    }
  }
}
