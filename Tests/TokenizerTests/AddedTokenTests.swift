import Foundation
import TestSupport
import Testing
import Tokenizer

/// Added tokens with every flag, equal to those of Hugging Face `tokenizers` 0.23.3.
///
/// `Reference/added-tokens.json` is what `added_tokens.py > added-tokens.json` there prints; the
/// tokenizers in it are the reference's own files.
struct AddedTokenTests {
  private struct Case: Decodable {
    let tokenizer: Int
    /// Whether special tokens are ordinary text.
    let plain: Bool
    let text: String
    let ids: [Int32]
    let tokens: [String]
    let offsets: [[Int]]
    let words: [Int32?]
  }

  private struct Decoded: Decodable {
    let tokenizer: Int
    let ids: [Int32]
    let text: String
    /// With special tokens.
    let whole: String
  }

  private struct Cases: Decodable {
    let cases: [Case]
    let decoded: [Decoded]
  }

  private static let file = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Reference/added-tokens.json")

  /// The reference's tokenizers, through this package's loader.
  private static func tokenizers(_ data: Data) throws -> [WordPieceTokenizer] {
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let files = try #require(object["tokenizers"] as? [[String: Any]])
    return try files.map { file in
      let folder = try TemporaryFolder()
      try JSONSerialization.data(withJSONObject: file).write(to: folder.file("tokenizer.json"))
      return try WordPieceTokenizer.load(folder: folder.url)
    }
  }

  @Test func everyFlagIsThatOfTheReference() throws {
    let data = try Data(contentsOf: Self.file)
    let tokenizers = try Self.tokenizers(data)
    let cases = try JSONDecoder().decode(Cases.self, from: data).cases
    #expect(tokenizers.count == 7)
    #expect(cases.count > 1000)
    for one in cases {
      let encoding = try tokenizers[one.tokenizer].encode(
        one.text,
        options: EncodeOptions(addsSpecialTokens: false, recognizesSpecialTokens: !one.plain))
      let name: Comment =
        "tokenizer \(one.tokenizer), plain \(one.plain): \(one.text.debugDescription)"
      #expect(encoding.ids == one.ids, name)
      #expect(encoding.tokens.map { Array($0.utf8) } == one.tokens.map { Array($0.utf8) }, name)
      #expect(encoding.offsets == ranges(one.offsets), name)
      #expect(encoding.wordIDs == wordIDs(one.words), name)
    }
  }

  @Test func theFastPathAgreesOnEveryFlag() throws {
    let data = try Data(contentsOf: Self.file)
    let tokenizers = try Self.tokenizers(data)
    let cases = try JSONDecoder().decode(Cases.self, from: data).cases
    let encoders = tokenizers.map { $0.makeTokenIDEncoder() }
    for one in cases where !one.plain {
      #expect(encoders[one.tokenizer].ids(one.text) == one.ids, "\(one.text.debugDescription)")
    }
  }

  @Test func decodingGivesWhatTokensAreLookedForAs() throws {
    let data = try Data(contentsOf: Self.file)
    let tokenizers = try Self.tokenizers(data)
    for one in try JSONDecoder().decode(Cases.self, from: data).decoded {
      let tokenizer = tokenizers[one.tokenizer]
      #expect(tokenizer.decode(one.ids).utf8.elementsEqual(one.text.utf8), "\(one.tokenizer)")
      let whole = tokenizer.decode(one.ids, skipSpecialTokens: false)
      #expect(whole.utf8.elementsEqual(one.whole.utf8), "\(one.tokenizer)")
    }
  }

  @Test func savedFlagsLoadAgain() throws {
    for tokenizer in try Self.tokenizers(Data(contentsOf: Self.file)) {
      let folder = try TemporaryFolder()
      try tokenizer.save(to: folder.url)
      let loaded = try WordPieceTokenizer.load(folder: folder.url)
      #expect(loaded.addedTokens == tokenizer.addedTokens)
      #expect(loaded.canonicalDescription == tokenizer.canonicalDescription)
      try FileManager.default.removeItem(at: folder.file("tokenizer_config.json"))
      try FileManager.default.removeItem(at: folder.file("vocab.txt"))
      let alone = try WordPieceTokenizer.load(folder: folder.url)
      #expect(alone.canonicalDescription == tokenizer.canonicalDescription)
    }
  }
}
