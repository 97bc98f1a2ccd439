import Corpus
import Foundation
import TestSupport
import Testing
import Tokenizer

/// The uncased BERT vocabulary and WikiText-2, from `../shared`.
@Suite(.enabled(if: SharedFixtures.available, "skipped: ../shared is missing"))
struct RealVocabularyTests {
  private func tokenizer() throws -> WordPieceTokenizer {
    try WordPieceTokenizer.load(
      folder: #require(SharedFixtures.url("data/tokenizers/bert-base-uncased")))
  }

  @Test func aCorpusOfRealTextComesBackTokenByToken() throws {
    let scratch = try TemporaryFolder()
    let lines = [
      "The tower is 324 metres tall, about the same height as an 81-storey building.",
      "", "Its base is square, measuring 125 m on each side 📏 — naïvely", "東京 <unk> tower",
    ]
    let input = try scratch.write("t.txt", lines.joined(separator: "\n"))
    let folder = scratch.url.appending(path: "corpus")
    let tokenizer = try tokenizer()
    let options = CorpusOptions(
      maxLength: 12, replacements: [TextReplacement(from: "<unk>", to: "[UNK]")])
    let manifest = try CorpusBuilder(tokenizer: tokenizer, options: options)
      .build(inputs: [input], into: folder).manifest
    let corpus = try TokenizedCorpus.open(folder: folder)
    let block = try corpus.block(0)
    var expected: [[Int32]] = []
    for line in lines {
      // Another path through the tokenizer than the builder's.
      var ids = try tokenizer.encode(line.replacing("<unk>", with: "[UNK]")).ids
        .dropFirst().dropLast()
      while !ids.isEmpty {
        expected.append([101] + ids.prefix(10) + [102])
        ids = ids.dropFirst(10)
      }
    }
    #expect((0..<block.count).map { Array(block.sequence($0)) } == expected)
    #expect(manifest.vocabSize == 30_522)
    #expect(manifest.specialTokens.all == [0, 100, 101, 102, 103])
    #expect(manifest.emptyDocuments == 1)
    #expect(manifest.unknownTokens == expected.joined().count { $0 == 100 })
    #expect(manifest.unknownTokens >= 1)
    #expect(try corpus.tokenizer().canonicalDescription == tokenizer.canonicalDescription)
  }

  @Test func theValidationTextOfWikiTextIsCountedInFull() throws {
    let scratch = try TemporaryFolder()
    let input = try #require(SharedFixtures.url("data/wikitext-2/valid.txt.gz"))
    let folder = scratch.url.appending(path: "corpus")
    let options = CorpusOptions(
      replacements: [TextReplacement(from: "<unk>", to: "[UNK]")], shardTokens: 1 << 16)
    let manifest = try CorpusBuilder(tokenizer: tokenizer(), options: options)
      .build(inputs: [input], into: folder).manifest
    // Lines, those with more than spaces, and <unk> of valid.txt: counted with wc and grep.
    #expect(manifest.documents + manifest.emptyDocuments == 3_760)
    #expect(manifest.documents == 2_461)
    #expect(manifest.unknownTokens >= 11_718)
    let corpus = try TokenizedCorpus.open(folder: folder)
    try corpus.verify()
    let counts = try corpus.tokenCounts()
    #expect(counts.reduce(0, +) == UInt64(manifest.tokens))
    #expect(counts[101] == UInt64(manifest.sequences) && counts[102] == counts[101])
    #expect(counts[100] == UInt64(manifest.unknownTokens))
    #expect(manifest.lengthHistogram.reduce(0, +) == manifest.sequences)
  }
}
