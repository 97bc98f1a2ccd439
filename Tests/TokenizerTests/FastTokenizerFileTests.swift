import Foundation
import TestSupport
import Testing
import Tokenizer

/// Folders whose only file, or whose vocabulary, is a `tokenizer.json`.
struct FastTokenizerFileTests {
  /// A whole file, as `tokenizers` writes it; each argument is the JSON of a section.
  static func file(
    vocab: String = """
    {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "hello": 5, "##s": 6, "world": 7}
    """,
    model: String = #""type": "WordPiece", "unk_token": "[UNK]""#,
    normalizer: String = #"{"type": "BertNormalizer", "lowercase": true}"#,
    preTokenizer: String = #"{"type": "BertPreTokenizer"}"#,
    postProcessor: String =
      #"{"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}"#,
    decoder: String = ###"{"type": "WordPiece", "prefix": "##", "cleanup": true}"###,
    truncation: String = "null", padding: String = "null", added: String = "[]"
  ) -> String {
    """
    {"version": "1.0", "truncation": \(truncation), "padding": \(padding), "added_tokens": \(added),
     "normalizer": \(normalizer), "pre_tokenizer": \(preTokenizer),
     "post_processor": \(postProcessor), "decoder": \(decoder),
     "model": {\(model), "vocab": \(vocab)}}
    """
  }

  private static func load(_ json: String) throws -> WordPieceTokenizer {
    let folder = try TemporaryFolder(["tokenizer.json": json])
    return try WordPieceTokenizer.load(folder: folder.url)
  }

  private static func error(_ json: String) throws -> String {
    let thrown = #expect(throws: TokenizerError.self) { try load(json) }
    return thrown.map { "\($0)" } ?? ""
  }

  /// BERT's template in the general form, with these lists in place of the ordinary ones.
  private static func template(single: String? = nil, pair: String? = nil) -> String {
    func token(_ name: String, _ type: Int) -> String {
      #"{"SpecialToken": {"id": "\#(name)", "type_id": \#(type)}}"#
    }
    func sequence(_ name: String, _ type: Int) -> String {
      #"{"Sequence": {"id": "\#(name)", "type_id": \#(type)}}"#
    }
    let one = [token("[CLS]", 0), sequence("A", 0), token("[SEP]", 0)].joined(separator: ",")
    let two = [one, sequence("B", 1), token("[SEP]", 1)].joined(separator: ",")
    return """
      {"type": "TemplateProcessing", "single": \(single ?? "[\(one)]"), "pair": \(pair ?? "[\(two)]"),
       "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                          "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}}
      """
  }

  @Test(arguments: [true, false])
  func theFileAloneIsATokenizer(isInFolder: Bool) throws {
    let folder = try TemporaryFolder(["tokenizer.json": Self.file()])
    let tokenizer =
      isInFolder
      ? try WordPieceTokenizer.load(folder: folder.url)
      : try WordPieceTokenizer.load(vocabularyFile: folder.file("tokenizer.json"))
    #expect(tokenizer.options == .uncased)
    #expect(tokenizer.vocabulary.tokens.last == "world")
    #expect(try tokenizer.encode("Hellos World").ids == [2, 5, 6, 7, 3])
  }

  @Test func idsAreThoseOfTheFileInAnyOrder() throws {
    let tokenizer = try Self.load(
      Self.file(
        vocab: #"""
          {"\u0068ello":5,"[UNK]":1,"[PAD]":0,"\ud83d\ude00":7,"[SEP]":3,"[CLS]":2,"\"\\\/":6,"[MASK]":4}
          """#))
    #expect(tokenizer.vocabulary.tokens.suffix(3) == ["hello", "\"\\/", "😀"])
    #expect(try tokenizer.encode("hello 😀").ids == [2, 5, 7, 3])
  }

  @Test func namesOfSpecialTokensAreThoseOfTheSections() throws {
    let vocab = #"{"<p>": 0, "<u>": 1, "<c>": 2, "<s>": 3, "[MASK]": 4, "hello": 5}"#
    let tokenizer = try Self.load(
      Self.file(
        vocab: vocab, model: #""unk_token": "<u>""#,
        postProcessor: #"{"type": "BertProcessing", "sep": ["<s>", 3], "cls": ["<c>", 2]}"#,
        padding: #"{"strategy": "BatchLongest", "pad_id": 0, "pad_token": "<p>"}"#))
    #expect(tokenizer.specialTokens.ids == [0, 1, 2, 3, 4])
    #expect(try tokenizer.encode("hello x").ids == [2, 5, 1, 3])
  }

  @Test func whatIsNotSupportedIsRefusedByName() throws {
    let refused: [(String, String)] = [
      (Self.file(normalizer: "null"), #""normalizer" is"#),
      (Self.file(normalizer: #"{"type": "NFC"}"#), #""normalizer.type" is NFC"#),
      (Self.file(preTokenizer: "null"), #""pre_tokenizer" is"#),
      (Self.file(preTokenizer: #"{"type": "Whitespace"}"#), #""pre_tokenizer.type" is Whitespace"#),
      (Self.file(postProcessor: "null"), #""post_processor" is"#),
      (
        Self.file(postProcessor: #"{"type": "RobertaProcessing"}"#),
        #""post_processor.type" is RobertaProcessing"#
      ),
      (Self.file(postProcessor: Self.template(single: "[]")), #""post_processor.single""#),
      (
        Self.file(
          postProcessor: Self.template(pair: #"[{"Sequence": {"id": "A", "type_id": 0}}]"#)),
        #""post_processor.pair""#
      ),
      (
        Self.file(
          postProcessor: #"{"type": "BertProcessing", "sep": ["[SEP]", 7], "cls": ["[CLS]", 2]}"#),
        #""post_processor.sep""#
      ),
      (Self.file(decoder: "null"), #""decoder" is"#),
      (Self.file(decoder: #"{"type": "ByteLevel"}"#), #""decoder.type" is ByteLevel"#),
      (Self.file(decoder: #"{"type": "WordPiece", "prefix": "@@"}"#), #""decoder.prefix" is @@"#),
      (Self.file(model: #""type": "BPE""#), #""model.type" is BPE"#),
      (
        Self.file(model: #""continuing_subword_prefix": "@@""#),
        #""model.continuing_subword_prefix" is @@"#
      ),
      (
        Self.file(model: #""max_input_chars_per_word": -1"#),
        #""model.max_input_chars_per_word" is -1"#
      ),
      (Self.file(model: #""unk_token": "<unk>""#), "has no unk token <unk>"),
      (Self.file(truncation: #"{"max_length": -1}"#), #""truncation.max_length" is -1"#),
      (Self.file(truncation: #"{"max_length": 1e300}"#), #""truncation.max_length""#),
      (
        Self.file(truncation: #"{"max_length": 9, "strategy": "Longest"}"#),
        #""truncation.strategy" is Longest"#
      ),
      (Self.file(padding: #"{"strategy": {"Fixed": 99999999999}}"#), #""padding.strategy.Fixed""#),
      (Self.file(padding: #"{"strategy": "Longest"}"#), #""padding.strategy" is Longest"#),
      (Self.file(padding: #"{"direction": "Up"}"#), #""padding.direction" is Up"#),
      (Self.file(added: #"[{"id": 99, "content": "[X]"}]"#), #""added_tokens[0].id" is 99"#),
      (Self.file(added: #"[{"id": 8, "content": ""}]"#), #""added_tokens[0].content""#),
      (
        Self.file(added: #"[{"id": 8, "content": "x"}, {"id": 8, "content": "y"}]"#),
        #""added_tokens[1].id""#
      ),
      (
        Self.file(added: #"[{"id": 5, "content": "hello"}, {"id": 9, "content": "y"}]"#),
        "numbered right after it"
      ),
      (
        Self.file(added: #"[{"id": 8, "content": "x", "lstrip": "no"}]"#),
        #""added_tokens[0].lstrip""#
      ),
      ("{}", #""model" is missing"#),
      (#"{"model": {"vocab": ["a"]}}"#, #""model.vocab""#),
    ]
    for (json, message) in refused {
      let found = try Self.error(json)
      #expect(found.contains(message) && found.contains("tokenizer.json"), "\(message): \(found)")
    }
  }

  @Test func idsThatCannotBeAreRefused() throws {
    let start = #"{"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "a": "#
    for (id, key) in [
      ("6", "a"), ("4", "a"), ("-1", "a"), ("5000000000", "a"), ("1e400", "a"), ("5.0", "a"),
      ("\"5\"", "a"), ("null", "a"), ("[5]", "a"), ("123456789012345678901234567890", "a"),
    ] {
      let found = try Self.error(Self.file(vocab: "\(start)\(id)}"))
      #expect(found.contains("\"model.vocab.\(key)\" is "), "\(id): \(found)")
    }
    let twice = try Self.error(Self.file(vocab: #"\#(start)5, "a": 6}"#))
    #expect(twice.contains("the token a is there twice"))
    #expect(try Self.error(Self.file(vocab: "{}")).contains("it is empty"))
  }

  @Test func filesThatContradictEachOtherAreNamed() throws {
    func error(_ lines: [String]) throws -> String {
      let folder = try TemporaryFolder([
        "tokenizer.json": Self.file(), "vocab.txt": lines.joined(separator: "\n") + "\n",
      ])
      let thrown = #expect(throws: TokenizerError.self) {
        try WordPieceTokenizer.load(folder: folder.url)
      }
      return thrown.map { "\($0)" } ?? ""
    }
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    let swapped = try error(special + ["hello", "world", "##s"])
    #expect(
      swapped.contains("vocab.txt and ") && swapped.contains("tokenizer.json are of different"))
    #expect(swapped.contains("##s is ID 7 in the first and ID 6 in the second"))
    #expect(try error(special + ["hello", "##s"]).contains("world is no entry in the first"))
    let more = try error(special + ["hello", "##s", "world", "earth"])
    #expect(more.contains("earth is ID 8 in the first and missing in the second"))
  }

  @Test func ofEqualLinesOnlyTheLastHasToAgree() throws {
    let vocabulary = try Vocabulary(
      tokens: ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello", "world", "hello"])
    let tokenizer = try WordPieceTokenizer(vocabulary: vocabulary)
    let folder = try TemporaryFolder()
    try tokenizer.save(to: folder.url)
    let loaded = try WordPieceTokenizer.load(folder: folder.url)
    #expect(loaded.canonicalDescription == tokenizer.canonicalDescription)
    #expect(try loaded.encode("hello").ids == [2, 7, 3])
  }

  @Test func truncationAndPaddingAreKeptAndAppliedWhereAskedFor() throws {
    let tokenizer = try Self.load(
      Self.file(
        truncation: #"""
          {"direction": "Left", "max_length": 4, "strategy": "OnlyFirst", "stride": 1}
          """#,
        padding: #"""
          {"strategy": {"Fixed": 5}, "direction": "Left", "pad_to_multiple_of": 3, "pad_id": 6,
           "pad_type_id": 1, "pad_token": "##s"}
          """#))
    let stored = EncodeOptions(
      truncation: Truncation(maxLength: 4, stride: 1, strategy: .onlyFirst, direction: .left),
      padding: Padding(
        length: .fixed(5), multipleOf: 3, direction: .left, id: 6, token: "##s", typeID: 1))
    #expect(tokenizer.storedOptions == stored)
    #expect(try tokenizer.encode("hello world hello").count == 5, "nothing without being asked")
    let encoding = try tokenizer.encode("hello world hello", options: tokenizer.storedOptions)
    #expect(encoding.ids == [6, 6, 2, 7, 5, 3])
    #expect(encoding.tokens.prefix(2) == ["##s", "##s"])
    #expect(encoding.typeIDs == [1, 1, 0, 0, 0, 0])
  }

  @Test func cleanUpAndTheLimitOfWordsAreThoseOfTheFile() throws {
    let vocab = #"""
      {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "hello": 5, "##s": 6, ".": 7}
      """#
    let tokenizer = try Self.load(
      Self.file(
        vocab: vocab, model: #""max_input_chars_per_word": 5"#,
        decoder: ###"{"type": "WordPiece", "prefix": "##", "cleanup": false}"###))
    #expect(tokenizer.decode([5, 6, 7]) == "hellos .")
    #expect(try Self.load(Self.file(vocab: vocab)).decode([5, 6, 7]) == "hellos.")
    #expect(try tokenizer.encode("hello hellos").ids == [2, 5, 1, 3])
  }

  @Test func everythingThatIsSavedIsReadAgain() throws {
    let vocabulary = try Vocabulary(tokens: [
      "<p>", "<u>", "<c>", "<s>", "[MASK]", "\"", "\\", "\u{7}", "é", "e\u{301}", "😀", "/",
      "a\u{A0}b",
    ])
    let tokenizer = try WordPieceTokenizer(
      vocabulary: vocabulary,
      options: NormalizerOptions(cleanText: false, stripAccents: true, lowercase: false),
      specialTokenNames: SpecialTokens.Names(
        pad: "<p>", unknown: "<u>", classify: "<c>", separator: "<s>", mask: "[MASK]"),
      addedTokens: [
        AddedToken(content: "Ä\"\\", id: 13, isSpecial: false, normalized: true, lstrip: true),
        AddedToken(content: "x y", id: 14, singleWord: true, rstrip: true),
      ], maxInputCharsPerWord: 7, cleansUpDecodedText: false,
      storedOptions: EncodeOptions(
        truncation: Truncation(maxLength: 9, stride: 2, strategy: .onlySecond),
        padding: Padding(multipleOf: 8, id: 4, token: "[MASK]", typeID: 2)))
    let folder = try TemporaryFolder()
    try tokenizer.save(to: folder.url)
    let names = ["vocab.txt", "tokenizer_config.json", "tokenizer.json"]
    let bytes = try names.map { try Data(contentsOf: folder.file($0)) }
    // All three files; then each vocabulary alone; the configuration has no truncation.
    for removed in [nil, "vocab.txt", "tokenizer_config.json"] {
      if let removed { try FileManager.default.removeItem(at: folder.file(removed)) }
      let loaded = try WordPieceTokenizer.load(folder: folder.url)
      if removed != "tokenizer_config.json" {
        #expect(loaded.canonicalDescription == tokenizer.canonicalDescription)
        #expect(loaded.addedTokens == tokenizer.addedTokens)
      }
      #expect(loaded.storedOptions == tokenizer.storedOptions)
      #expect(!loaded.cleansUpDecodedText)
      let again = try TemporaryFolder()
      if removed != "tokenizer_config.json" {
        try loaded.save(to: again.url)
        #expect(try names.map { try Data(contentsOf: again.file($0)) } == bytes)
        #expect(try FileManager.default.contentsOfDirectory(atPath: again.url.path).count == 3)
      }
    }
  }

  @Test func gapsBetweenAddedTokensAreNotSaved() throws {
    let vocabulary = try Vocabulary(tokens: ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    let tokenizer = try WordPieceTokenizer(
      vocabulary: vocabulary, addedTokens: [AddedToken(content: "x", id: 7)])
    let folder = try TemporaryFolder()
    let thrown = #expect(throws: TokenizerError.self) { try tokenizer.save(to: folder.url) }
    #expect(thrown.map { "\($0)" }?.contains("have gaps between their IDs") == true)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
  }

  @Test func whatAKilledProcessLeftIsClearedAway() throws {
    // No process has this number: the greatest possible one is 2^22.
    let folder = try TemporaryFolder([
      "vocab.txt.tmp-2000000000-ABCD": "half", "vocab.txt.tmp-1-ABCD": "another's",
    ])
    try Self.load(Self.file()).save(to: folder.url)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted()
    #expect(
      names == ["tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.txt.tmp-1-ABCD"])
  }

  @Test(.enabled(if: SharedFixtures.available, "skipped: ../shared is missing"))
  func realFoldersLoadFromTheOneFileAsFromBoth() throws {
    for name in ["data/tokenizers/bert-base-cased", "models/minilm-mlm"] {
      let folder = try #require(SharedFixtures.url(name))
      let alone = try TemporaryFolder()
      for file in ["tokenizer.json", "tokenizer_config.json"] {
        try? FileManager.default.copyItem(at: folder.appending(path: file), to: alone.file(file))
      }
      #expect(
        try WordPieceTokenizer.load(folder: alone.url).canonicalDescription
          == WordPieceTokenizer.load(folder: folder).canonicalDescription)
    }
  }
}
