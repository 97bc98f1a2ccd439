import Foundation
import TestSupport
import Testing
import Tokenizer

@Suite(.enabled(if: SharedFixtures.available, "skipped: ../shared is missing"))
struct ReferenceLineTests {
  private struct Line: Decodable {
    let tokenizer: String
    let text: String
    let ids: [Int32]
    let offsets: [[Int]]
    let word_ids: [Int32?]
  }

  @Test func realAndRandomLinesEqualTheReference() throws {
    let url = try #require(SharedFixtures.url("fixtures/tokenizer/lines.jsonl.gz"))
    let lines = try ReferenceFile.jsonLines(url, as: Line.self)
    #expect(lines.count == 2700)
    for (name, lines) in Dictionary(grouping: lines, by: \.tokenizer) {
      let tokenizer = try ReferenceTokenizers.named(name)
      let fast = tokenizer.makeTokenIDEncoder()
      for line in lines {
        let encoding = try tokenizer.encode(line.text)
        let text = Comment(rawValue: line.text)
        #expect(encoding.ids == line.ids, text)
        #expect(encoding.offsets == ranges(line.offsets), text)
        #expect(encoding.byteOffsets == byteOffsets(encoding.offsets, in: line.text), text)
        #expect(encoding.wordIDs == wordIDs(line.word_ids), text)
        #expect(encoding.tokens == encoding.ids.map(tokenizer.token), text)
        let special: [Int32] = line.word_ids.map { $0 == nil ? 1 : 0 }
        #expect(encoding.specialTokensMask == special, text)
        let inner = Array(line.ids.dropFirst().dropLast())
        #expect(fast.ids(line.text) == inner, text)
        #expect(tokenizer.uncachedIDs(line.text) == inner, text)
      }
    }
  }
}
