import Foundation
import TestSupport
import Testing
import Tokenizer

/// A saved tokenizer is the same one in `tokenizers` and in `transformers`.
@Suite(
  .enabled(
    if: PythonEnvironment.interpreter != nil,
    "skipped: no Python with torch and transformers; 'make python-env' makes one"))
struct SavedTokenizerTests {
  private struct Tokens: Decodable, Equatable {
    let ids: [Int32]
    let offsets: [[Int]]
  }

  private struct Row: Decodable {
    /// `Tokenizer.from_file(...).encode`, with the file's truncation and padding.
    let fast: Tokens
    /// `AutoTokenizer.from_pretrained(...)`, which wants to be asked for those.
    let auto: Tokens
    let decoded: String
  }

  private static let texts = [
    "", "hello world", "Hello, WORLD! don't.", "Café  cafe\u{301} É", "a[MASK]b [mask] [ENT]",
    "x FooBar foobar xFooBary FOOBAR", "hello \t<ent>\u{3000} world<ent>", "the un_able un able",
    "漢字 a漢b", "\u{301}abc e\u{301}\u{301}", "a\u{200B}b\u{AD}c", "İstanbul ß ẞ", "안녕 😀 a😀b",
    "abcdefg abcdefgh", "one two three four five six seven", "\"quoted\\\" \u{7F}\u{85} a\u{B}b",
  ]

  private static let words = [
    "hello", "world", "cafe", "café", "foo", "##bar", "un", "##able", "\"", "\\", ".", ",", "!",
    "'",
    "é", "漢", "字", "ᄋ", "##ᅡ", "😀", "_", "[", "]", "<", ">",
  ]

  private static func vocabulary(_ special: [String]) throws -> Vocabulary {
    let letters = "abcdefghijklmnopqrstuvwxyz".map(String.init)
    return try Vocabulary(tokens: special + words + letters + letters.map { "##" + $0 })
  }

  private static func tokenizer(_ name: String) throws -> WordPieceTokenizer {
    let bert = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    let vocabulary = try vocabulary(name == "names" ? ["<p>", "<u>", "<c>", "<s>", "<m>"] : bert)
    let end = Int32(vocabulary.count)
    let added = [
      AddedToken(content: "[ENT]", id: end),
      AddedToken(
        content: "FooBar", id: end + 1, isSpecial: false, normalized: true, singleWord: true),
      AddedToken(content: "<ent>", id: end + 2, isSpecial: false, lstrip: true, rstrip: true),
      AddedToken(
        content: "un", id: vocabulary.id(of: "un") ?? 0, isSpecial: false, singleWord: true),
    ]
    switch name {
    case "uncased": return try WordPieceTokenizer(vocabulary: vocabulary)
    case "cased": return try WordPieceTokenizer(vocabulary: vocabulary, options: .cased)
    case "names":
      return try WordPieceTokenizer(
        vocabulary: vocabulary, options: NormalizerOptions(stripAccents: false),
        specialTokenNames: SpecialTokens.Names(
          pad: "<p>", unknown: "<u>", classify: "<c>", separator: "<s>", mask: "<m>"))
    case "added": return try WordPieceTokenizer(vocabulary: vocabulary, addedTokens: added)
    default:
      return try WordPieceTokenizer(
        vocabulary: vocabulary,
        options: NormalizerOptions(cleanText: false, handleChineseChars: false, lowercase: false),
        addedTokens: added + [AddedToken(content: "[MASK]", id: 4, lstrip: true)],
        maxInputCharsPerWord: 7, cleansUpDecodedText: false,
        storedOptions: EncodeOptions(
          truncation: Truncation(maxLength: 9, direction: .left),
          padding: Padding(length: .fixed(9), id: 0, token: "[PAD]", typeID: 1)))
    }
  }

  @Test(arguments: ["uncased", "cased", "names", "added", "everything"])
  func tokensAndOffsetsAreTheSameThere(name: String) throws {
    let tokenizer = try Self.tokenizer(name)
    let scratch = try ScratchFolder()
    try tokenizer.save(to: scratch.url)
    let python = try #require(PythonEnvironment.interpreter)
    let script = SharedFixtures.repository.appending(path: "Tests/PipelineTests/Python/tokens.py")
    let outcome = try ChildProcess.run(
      python, [script.path, scratch.url.path] + Self.texts, timeoutSeconds: 300)
    try #require(outcome.ending == .exited(0), "\(outcome.summary)")
    let rows = try JSONDecoder().decode([Row].self, from: Data(outcome.output.utf8))
    try #require(rows.count == Self.texts.count)
    for (text, row) in zip(Self.texts, rows) {
      let stored = try tokenizer.encode(text, options: tokenizer.storedOptions)
      #expect(Self.tokens(stored) == row.fast, "\(text.debugDescription)")
      #expect(Self.tokens(try tokenizer.encode(text)) == row.auto, "\(text.debugDescription)")
      #expect(tokenizer.decode(stored.ids) == row.decoded, "\(text.debugDescription)")
    }
  }

  private static func tokens(_ encoding: Encoding) -> Tokens {
    Tokens(ids: encoding.ids, offsets: encoding.offsets.map { [$0.lowerBound, $0.upperBound] })
  }
}
