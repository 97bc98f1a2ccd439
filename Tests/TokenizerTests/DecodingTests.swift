import Foundation
import TestSupport
import Testing
import Tokenizer

@Suite(.enabled(if: SharedFixtures.available, "skipped: ../shared is missing"))
struct DecodingTests {
  @Test func continuationsAreJoinedAndSpecialTokensSkippedOnDemand() throws {
    let tokenizer = try ReferenceTokenizers.named("uncased")
    let ids = try tokenizer.encode("Unaffable embeddings, aren't they?").ids
    // What the reference gives: clean-up is per token, so that the apostrophe stays apart.
    #expect(tokenizer.decode(ids) == "unaffable embeddings, aren ' t they?")
    #expect(
      tokenizer.decode(ids, skipSpecialTokens: false)
        == "[CLS] unaffable embeddings, aren ' t they? [SEP]")
  }

  @Test func idsWithoutATokenAreLeftOut() throws {
    let tokenizer = try ReferenceTokenizers.named("uncased")
    #expect(tokenizer.decode([7592, 999_999, -1, 1012]) == "hello.")
    #expect(tokenizer.decode([]) == "")
  }

  @Test func aContinuationAtTheStartKeepsItsMark() throws {
    let tokenizer = try ReferenceTokenizers.named("uncased")
    let ing = try #require(tokenizer.id(of: "##ing"))
    #expect(tokenizer.decode([ing, ing]) == "##inging")
  }
}
