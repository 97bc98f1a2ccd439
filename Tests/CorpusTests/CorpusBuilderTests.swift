import Corpus
import Foundation
import TestSupport
import Testing
import Tokenizer

@Suite struct CorpusBuilderTests {
  /// All sequences of a corpus, without `[CLS]` and `[SEP]`.
  private func bodies(_ folder: URL) throws -> [[Int32]] {
    let corpus = try TokenizedCorpus.open(folder: folder)
    return try (0..<corpus.blockCount).flatMap { number in
      let block = try corpus.block(number)
      #expect(try corpus.lengths(block: number) == block.lengths)
      return (0..<block.count).map { index in
        #expect(block.sequence(index).first == 2 && block.sequence(index).last == 3)
        return Array(block.sequence(index).dropFirst().dropLast())
      }
    }
  }

  private func ids(_ letters: String) -> [Int32] {
    letters.map { id($0) }
  }

  @Test func documentsAreCutAtTheMaximumLengthAndNothingIsLost() throws {
    let scratch = try TemporaryFolder()
    let input = try scratch.write("t.txt", "a b c d e f g\n\nh i j\n   \nk\nl m n o\n")
    let folder = scratch.url.appending(path: "new/corpus")
    let builder = try CorpusBuilder(
      tokenizer: scratch.letterTokenizer(), options: CorpusOptions(maxLength: 5))
    let result = try builder.build(inputs: [input], into: folder)
    #expect(!result.isReused)
    #expect(
      try bodies(folder) == [
        ids("abc"), ids("def"), ids("g"), ids("hij"), ids("k"), ids("lmn"), ids("o"),
      ])
    let manifest = result.manifest
    #expect(manifest.documents == 4 && manifest.emptyDocuments == 2)
    #expect(manifest.sequences == 7 && manifest.tokens == 15 + 14)
    #expect(manifest.lengthHistogram == [0, 0, 0, 3, 0, 4])
    #expect(manifest.unknownTokens == 0 && manifest.repairedUTF8 == 0)
    #expect(manifest.maxLength == 5 && manifest.vocabSize == 31)
    #expect(manifest.sources.map(\.name) == ["t.txt"])
    #expect(manifest.sources.map(\.bytes) == [35])
    #expect(try TokenizedCorpus.open(folder: folder).manifest == manifest)
  }

  @Test func mixedDocumentsAreJoinedWithinAFileOnly() throws {
    let scratch = try TemporaryFolder()
    let inputs = [
      try scratch.write("1.txt", "a b\nc d e\n\nf g\n"), try scratch.write("2.txt", "h\ni\n"),
    ]
    let folder = scratch.url.appending(path: "corpus")
    let options = CorpusOptions(maxLength: 5, mixDocuments: true)
    _ = try CorpusBuilder(tokenizer: scratch.letterTokenizer(), options: options)
      .build(inputs: inputs, into: folder)
    #expect(try bodies(folder) == [ids("abc"), ids("def"), ids("g"), ids("hi")])
  }

  @Test func unitsFormatsAndCompressionsGiveTheSameSequences() throws {
    let scratch = try TemporaryFolder()
    let text = "a b c\nd e\n\nf g\nh\n"
    let records = #"{"body": "a b c\nd e", "n": 1}"# + "\n" + #"{"n": 2, "body": "f g\nh"}"# + "\n"
    let tokenizer = try scratch.letterTokenizer()
    for (name, bytes) in [
      ("t.txt", Array(text.utf8)), ("t.txt.gz", gzip(Array(text.utf8))),
      ("t.jsonl", Array(records.utf8)), ("t.jsonl.gz", gzip(Array(records.utf8))),
    ] {
      let folder = scratch.url.appending(path: "corpus-of-" + name)
      let options = CorpusOptions(maxLength: 16, documentUnit: .paragraph, jsonField: "body")
      let result = try CorpusBuilder(tokenizer: tokenizer, options: options)
        .build(inputs: [scratch.write(name, bytes)], into: folder)
      #expect(try bodies(folder) == [ids("abcde"), ids("fgh")], "\(name)")
      #expect(result.manifest.sources.map(\.format) == [String(name.dropFirst(2))])
    }
  }

  @Test func replacementsComeBeforeTokenization() throws {
    let scratch = try TemporaryFolder()
    let input = try scratch.write("t.txt", "a <unk> b <unk><un c\n<unk>")
    let folder = scratch.url.appending(path: "corpus")
    let options = CorpusOptions(replacements: [
      TextReplacement(from: "<unk>", to: " x "), TextReplacement(from: "x <un", to: "y"),
    ])
    _ = try CorpusBuilder(tokenizer: scratch.letterTokenizer(), options: options)
      .build(inputs: [input], into: folder)
    #expect(try bodies(folder) == [ids("axbyc"), ids("x")])
  }

  @Test func unknownTokensAndRepairsAreCounted() throws {
    let scratch = try TemporaryFolder()
    let input = try scratch.write("t.txt", Array("a qq b\nzz ".utf8) + [0xFF] + Array(" c\n".utf8))
    let result = try CorpusBuilder(tokenizer: scratch.letterTokenizer())
      .build(inputs: [input], into: scratch.url.appending(path: "corpus"))
    #expect(result.manifest.repairedUTF8 == 1)
    #expect(result.manifest.unknownTokens >= 2)
    let counts = try TokenizedCorpus.open(folder: scratch.url.appending(path: "corpus"))
      .tokenCounts()
    #expect(counts[1] == UInt64(result.manifest.unknownTokens))
    #expect(counts[2] == 2 && counts[3] == 2 && counts[5] == 1)
  }

  @Test func blocksAndShardsHaveTheirSizes() throws {
    let scratch = try TemporaryFolder()
    let lines = (0..<1_000).map { Array(repeating: "a", count: 1 + $0 % 9).joined(separator: " ") }
    let input = try scratch.write("t.txt", lines.joined(separator: "\n"))
    let folder = scratch.url.appending(path: "corpus")
    let options = CorpusOptions(maxLength: 8, shardTokens: 1_000)
    let manifest = try CorpusBuilder(tokenizer: scratch.letterTokenizer(), options: options)
      .build(inputs: [input], into: folder).manifest
    #expect(manifest.shards.count > 2)
    #expect(manifest.shards.dropLast().allSatisfy { $0.tokens >= 1_000 && $0.sequences % 128 == 0 })
    #expect(manifest.shards.dropLast().allSatisfy { $0.tokens < 1_000 + 128 * 8 })
    let corpus = try TokenizedCorpus.open(folder: folder)
    #expect(corpus.blockCount == (manifest.sequences + 127) / 128)
    let counts = try (0..<corpus.blockCount).map { try corpus.block($0).count }
    #expect(counts.dropLast().allSatisfy { $0 == 128 })
    #expect(corpus.place(ofBlock: corpus.blockCount - 1).shard == manifest.shards.count - 1)
    let letters = try bodies(folder).reduce(0) { $0 + $1.count }
    #expect(letters == lines.reduce(0) { $0 + ($1.count + 1) / 2 })
    try corpus.verify()
  }

  @Test func aLargeVocabularyIsKeptInFourBytes() throws {
    let scratch = try TemporaryFolder()
    let input = try scratch.write("t.txt", "a word69999 b\n")
    let tokenizer = try scratch.letterTokenizer(extra: (0..<70_000).map { "word\($0)" })
    let folder = scratch.url.appending(path: "corpus")
    _ = try CorpusBuilder(tokenizer: tokenizer).build(inputs: [input], into: folder)
    #expect(try bodies(folder) == [[5, 31 + 69_999, 6]])
    try TokenizedCorpus.open(folder: folder).verify()
  }

  @Test func twoBuildsGiveEqualBytes() throws {
    let scratch = try TemporaryFolder()
    let lines = (0..<3_000).map { number in
      TemporaryFolder.letters((0..<number % 40).map { $0 * number })
    }
    let input = try scratch.write("t.txt", lines.joined(separator: "\n"))
    let builder = try CorpusBuilder(
      tokenizer: scratch.letterTokenizer(), options: CorpusOptions(shardTokens: 10_000))
    let folders = ["1", "2"].map { scratch.url.appending(path: "corpus-" + $0) }
    let manifests = try folders.map { try builder.build(inputs: [input], into: $0).manifest }
    #expect(manifests[0] == manifests[1])
    let contents = try folders.map { try TemporaryFolder.contents(of: $0) }
    #expect(contents[0] == contents[1])
    #expect(contents[0].keys.contains("manifest.json"))
    #expect(contents[0].keys.contains("shard-00000.sqlite"))
    #expect(contents[0].keys.contains("tokenizer/vocab.txt"))
    #expect(contents[0].keys.allSatisfy { !$0.contains("partial") })
  }

  @Test func theFolderStandsAlone() throws {
    let scratch = try TemporaryFolder()
    let input = try scratch.write("t.txt", "a b\n")
    let tokenizer = try scratch.letterTokenizer()
    let folder = scratch.url.appending(path: "corpus")
    _ = try CorpusBuilder(tokenizer: tokenizer).build(inputs: [input], into: folder)
    let kept = try TokenizedCorpus.open(folder: folder).tokenizer()
    #expect(kept.canonicalDescription == tokenizer.canonicalDescription)
    let vocabulary = folder.appending(path: "tokenizer/vocab.txt")
    var text = try String(contentsOf: vocabulary, encoding: .utf8)
    text.replace("\nz", with: "\nzz")
    try Data(text.utf8).write(to: vocabulary)
    #expect(throws: TokenizerError.self, "the two vocabularies contradict each other") {
      try TokenizedCorpus.open(folder: folder).tokenizer()
    }
    try FileManager.default.removeItem(at: folder.appending(path: "tokenizer/tokenizer.json"))
    let error = #expect(throws: CorpusError.self) {
      try TokenizedCorpus.open(folder: folder).tokenizer()
    }
    guard case .tokenizerMismatch? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func progressEndsWithEverything() throws {
    let scratch = try TemporaryFolder()
    let lines = (0..<100_000).map { _ in "a b c d e f g h" }
    let input = try scratch.write("t.txt.gz", gzip(Array(lines.joined(separator: "\n").utf8)))
    var calls: [CorpusProgress] = []
    let manifest = try CorpusBuilder(tokenizer: scratch.letterTokenizer())
      .build(inputs: [input], into: scratch.url.appending(path: "corpus")) { calls.append($0) }
      .manifest
    let last = try #require(calls.last)
    #expect(last.bytesRead == last.bytesTotal && last.bytesTotal == manifest.sources[0].bytes)
    #expect(last.sequences == manifest.sequences && last.tokens == manifest.tokens)
    #expect(calls.map(\.bytesRead) == calls.map(\.bytesRead).sorted())
  }
}
