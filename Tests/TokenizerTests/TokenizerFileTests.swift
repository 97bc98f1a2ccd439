import Foundation
import TestSupport
import Testing
import Tokenizer

struct TokenizerFileTests {
  private static let vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhello\nHello\n##s\nworld\n"

  /// The error of loading a folder with these files.
  private func error(_ files: [String: String]) throws -> String {
    let folder = try TemporaryFolder(files)
    let thrown = #expect(throws: TokenizerError.self) {
      try WordPieceTokenizer.load(folder: folder.url)
    }
    return thrown.map { "\($0)" } ?? ""
  }

  @Test func aVocabularyAloneIsAnUncasedTokenizer() throws {
    let folder = try TemporaryFolder(["vocab.txt": Self.vocabulary])
    let tokenizer = try WordPieceTokenizer.load(folder: folder.url)
    #expect(tokenizer.options == .uncased)
    #expect(tokenizer.vocabularySize == 9)
    #expect(tokenizer.specialTokens.ids == [0, 1, 2, 3, 4])
    #expect(try tokenizer.encode("Hellos World").ids == [2, 5, 7, 8, 3])
  }

  @Test func configurationSetsFlagsAndNames() throws {
    let folder = try TemporaryFolder([
      "vocab.txt": "<p>\n<u>\n<c>\n<s>\n<m>\nHello\n",
      "tokenizer_config.json": """
      {"do_lower_case": false, "strip_accents": true, "tokenize_chinese_chars": false,
       "clean_text": false, "pad_token": "<p>", "unk_token": {"content": "<u>"},
       "cls_token": "<c>", "sep_token": "<s>", "mask_token": "<m>"}
      """,
    ])
    let tokenizer = try WordPieceTokenizer.load(folder: folder.url)
    #expect(
      tokenizer.options
        == NormalizerOptions(
          cleanText: false, handleChineseChars: false, stripAccents: true, lowercase: false))
    #expect(tokenizer.specialTokens.maskID == 4)
    #expect(try tokenizer.encode("Hello<m>x").ids == [2, 5, 4, 1, 3])
  }

  @Test func theConfigurationHasTheLastWord() throws {
    let json = #"{"normalizer": {"type": "BertNormalizer", "lowercase": false}}"#
    let cased = try TemporaryFolder(["vocab.txt": Self.vocabulary, "tokenizer.json": json])
    #expect(try WordPieceTokenizer.load(folder: cased.url).options == .cased)
    let both = try TemporaryFolder([
      "vocab.txt": Self.vocabulary, "tokenizer.json": json,
      "tokenizer_config.json": #"{"do_lower_case": true}"#,
    ])
    #expect(try WordPieceTokenizer.load(folder: both.url).options.lowercase)
  }

  @Test func addedTokensPastTheVocabularyAreRecognised() throws {
    let folder = try TemporaryFolder([
      "vocab.txt": Self.vocabulary,
      "tokenizer_config.json": """
      {"added_tokens_decoder": {"9": {"content": "[ENT]", "special": true, "normalized": false}}}
      """,
    ])
    let tokenizer = try WordPieceTokenizer.load(folder: folder.url)
    #expect(tokenizer.vocabularySize == 10)
    #expect(try tokenizer.encode("hello[ENT]world").ids == [2, 5, 9, 8, 3])
    #expect(tokenizer.makeTokenIDEncoder().ids("hello[ENT]world") == [5, 9, 8])
    #expect(tokenizer.decode([5, 9]) == "hello")
  }

  @Test func anAddedTokenWithASpaceTakesTheExactPath() throws {
    let vocabulary = try Vocabulary(tokens: Self.vocabulary.split(separator: "\n").map(String.init))
    let tokenizer = try WordPieceTokenizer(
      vocabulary: vocabulary, addedTokens: [AddedToken(content: "[A B]", id: 9)])
    #expect(tokenizer.makeTokenIDEncoder().ids("hello [A B] world") == [5, 9, 8])
    #expect(tokenizer.uncachedIDs("hello [A B] world") == [5, 9, 8])
  }

  @Test func linesAreTokensWithoutTheWhiteSpaceAtTheirEnd() throws {
    let folder = try TemporaryFolder(["vocab.txt": "a\r\n\nb \u{3000}\n c\na"])
    let vocabulary = try Vocabulary.load(contentsOf: folder.url.appending(path: "vocab.txt"))
    #expect(vocabulary.tokens == ["a", "", "b", " c", "a"])
    #expect(vocabulary.id(of: "a") == 4, "of equal lines the last counts")
  }

  @Test func tokensAreComparedByBytes() throws {
    let vocabulary = try Vocabulary(tokens: ["\u{E9}", "e\u{301}"])
    #expect(vocabulary.id(of: "\u{E9}") == 0)
    #expect(vocabulary.id(of: "e\u{301}") == 1)
  }

  @Test func whatIsSavedLoadsAsTheSameTokenizer() throws {
    let vocabulary = try Vocabulary(tokens: Self.vocabulary.split(separator: "\n").map(String.init))
    let tokenizer = try WordPieceTokenizer(
      vocabulary: vocabulary,
      options: NormalizerOptions(cleanText: false, stripAccents: true, lowercase: false),
      addedTokens: [AddedToken(content: "[ENT]", id: 9)])
    let folder = try TemporaryFolder()
    let target = folder.url.appending(path: "new/tokenizer")
    try tokenizer.save(to: target)
    let loaded = try WordPieceTokenizer.load(folder: target)
    #expect(loaded.canonicalDescription == tokenizer.canonicalDescription)
    #expect(loaded.options == tokenizer.options)
    #expect(loaded.addedTokens == tokenizer.addedTokens)
  }

  @Test func theDescriptionChangesWithWhateverChangesTokens() throws {
    func describe(
      _ tokens: [String], _ options: NormalizerOptions = .uncased, _ added: [AddedToken] = []
    ) throws -> [UInt8] {
      try WordPieceTokenizer(
        vocabulary: Vocabulary(tokens: tokens), options: options, addedTokens: added
      ).canonicalDescription
    }
    let tokens = Self.vocabulary.split(separator: "\n").map(String.init)
    let descriptions = [
      try describe(tokens), try describe(tokens, .cased), try describe(tokens + ["x"]),
      try describe(Array(tokens.dropLast()) + ["earth"]),
      try describe(tokens, NormalizerOptions(stripAccents: false)),
      try describe(tokens, NormalizerOptions(handleChineseChars: false)),
      try describe(tokens, NormalizerOptions(cleanText: false)),
      try describe(tokens, .uncased, [AddedToken(content: "[ENT]", id: 9)]),
    ]
    #expect(Set(descriptions).count == descriptions.count)
    #expect(
      try describe(tokens) == describe(tokens, NormalizerOptions(stripAccents: true)),
      "null means the value of lowercase")
  }

  @Test func errorsNameTheFileAndTheCause() throws {
    #expect(try error([:]).contains("vocab.txt is missing"))
    #expect(try error(["vocab.txt": ""]).contains("it is empty"))
    let noMask = try error(["vocab.txt": "[PAD]\n[UNK]\n[CLS]\n[SEP]\n"])
    #expect(noMask.contains("vocab.txt has no mask token [MASK]"))
    #expect(try error(["vocab.txt": "hello\n"]).contains("has no pad token [PAD]"))
    func configured(_ json: String) throws -> String {
      try error(["vocab.txt": Self.vocabulary, "tokenizer_config.json": json])
    }
    #expect(try configured("{").contains("tokenizer_config.json is not a JSON object"))
    #expect(try configured("[1]").contains("tokenizer_config.json is not a JSON object"))
    #expect(try configured(#"{"do_lower_case": "no"}"#).contains(#""do_lower_case" is no"#))
    #expect(try configured(#"{"mask_token": 3}"#).contains(#""mask_token""#))
    #expect(try configured(#"{"unk_token": "<unk>"}"#).contains("has no unk token <unk>"))
    #expect(
      try configured(#"{"tokenizer_class": "RobertaTokenizer"}"#).contains("RobertaTokenizer"))
    #expect(
      try configured(#"{"added_tokens_decoder": {"4": {"content": "[MASK]", "lstrip": "x"}}}"#)
        .contains(#""added_tokens_decoder.4.lstrip""#))
    #expect(
      try configured(
        #"{"added_tokens_decoder": {"2000000000": {"content": "[X]", "special": true}}}"#
      ).contains("numbered right after it"))
    #expect(
      try error(["vocab.txt": Self.vocabulary, "tokenizer.json": #"{"model": {"type": "BPE"}}"#])
        .contains(#""model.type" is BPE"#))
  }

  @Test func aVocabularyThatIsNotUTF8IsRefusedWithThePlace() throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appending(path: "vocab.txt")
    try Data([0x61, 0x0A, 0x62, 0xFF, 0x0A]).write(to: url)
    #expect(throws: TokenizerError.invalidUTF8(path: url.path, byteOffset: 3)) {
      try Vocabulary.load(contentsOf: url)
    }
  }

  @Test func aTokenThatALineCannotHoldIsNotSaved() throws {
    for token in ["a\nb", "a "] {
      let tokens = Self.vocabulary.split(separator: "\n").map(String.init) + [token]
      let tokenizer = try WordPieceTokenizer(vocabulary: Vocabulary(tokens: tokens))
      let folder = try TemporaryFolder()
      let thrown = #expect(throws: TokenizerError.self) { try tokenizer.save(to: folder.url) }
      #expect(thrown.map { "\($0)" }?.contains("token 9") == true)
    }
  }

  @Test func aFolderThatCannotBeWrittenIsNamed() throws {
    let vocabulary = try Vocabulary(tokens: Self.vocabulary.split(separator: "\n").map(String.init))
    let tokenizer = try WordPieceTokenizer(vocabulary: vocabulary)
    let folder = try TemporaryFolder(["file": "in the way"])
    let thrown = #expect(throws: TokenizerError.self) {
      try tokenizer.save(to: folder.url.appending(path: "file"))
    }
    #expect(thrown.map { "\($0)" }?.contains("cannot be written") == true)
  }

  @Test(.enabled(if: SharedFixtures.available, "skipped: ../shared is missing"))
  func modelFoldersLoad() throws {
    let teacher = try #require(SharedFixtures.url("models/minilm-mlm"))
    #expect(try WordPieceTokenizer.load(folder: teacher).options.lowercase)
    let cased = try #require(SharedFixtures.url("data/tokenizers/bert-base-cased"))
    let tokenizer = try WordPieceTokenizer.load(folder: cased)
    #expect(!tokenizer.options.lowercase, "tokenizer.json says so")
    #expect(tokenizer.vocabularySize == 28_996)
  }
}
