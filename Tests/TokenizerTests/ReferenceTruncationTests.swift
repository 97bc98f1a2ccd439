import Foundation
import TestSupport
import Testing
import Tokenizer

@Suite(.enabled(if: SharedFixtures.available, "skipped: ../shared is missing"))
struct ReferenceTruncationTests {
  private struct Row: Decodable {
    let text: String
    let pair: String?
    let max_length: Int
    let stride: Int
    let strategy: String
    let direction: String
    let pad_to: Int?
    let error: String?
    let ids: [Int32]?
    let type_ids: [Int32]?
    let attention_mask: [Int32]?
    let special_tokens_mask: [Int32]?
    let offsets: [[Int]]?
    let overflow: [[Int32]]?

    func options() throws -> EncodeOptions {
      EncodeOptions(
        truncation: Truncation(
          maxLength: max_length, stride: stride,
          strategy: try #require(Truncation.Strategy(rawValue: strategy)),
          direction: try #require(SequenceSide(rawValue: direction)), returnsOverflow: true),
        padding: pad_to.map { Padding(length: .fixed($0)) })
    }
  }

  @Test func pairsTruncationStrideAndPaddingEqualTheReference() throws {
    let url = try #require(SharedFixtures.url("fixtures/tokenizer/truncation.jsonl.gz"))
    let rows = try ReferenceFile.jsonLines(url, as: Row.self)
    #expect(rows.count == 400)
    let tokenizer = try ReferenceTokenizers.named("uncased")
    for row in rows {
      let comment = Comment(rawValue: "\(row)")
      let options = try row.options()
      if let error = row.error {
        let thrown = #expect(throws: TokenizerError.self, comment) {
          try tokenizer.encode(row.text, pair: row.pair, options: options)
        }
        switch thrown {
        case .sequenceTooShort: #expect(error.contains("too short"), comment)
        case .strideTooLong(_, let kept): #expect(error.contains("`max_len=\(kept)`"), comment)
        default: Issue.record("\(String(describing: thrown)) for \(error)")
        }
        continue
      }
      let encoding = try tokenizer.encode(row.text, pair: row.pair, options: options)
      #expect(encoding.ids == row.ids, comment)
      #expect(encoding.typeIDs == row.type_ids, comment)
      #expect(encoding.attentionMask == row.attention_mask, comment)
      #expect(encoding.specialTokensMask == row.special_tokens_mask, comment)
      #expect(encoding.offsets == row.offsets.map(ranges), comment)
      #expect(encoding.overflowing.map(\.ids) == row.overflow, comment)
    }
  }
}
