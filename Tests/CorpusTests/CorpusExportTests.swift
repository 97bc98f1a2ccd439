import Corpus
import Foundation
import ShardStore
import TestSupport
import Testing

/// Flat files for other trainers, read back byte by byte, and random sequences.
@Suite struct CorpusExportTests {
  private let scratch: TemporaryFolder
  private let corpus: TokenizedCorpus

  init() throws {
    scratch = try TemporaryFolder()
    let lines = (0..<300).map { TemporaryFolder.letters($0..<$0 + 1 + $0 % 9) }
    let input = try scratch.write("t.txt", lines.joined(separator: "\n"))
    let folder = scratch.file("corpus")
    _ = try CorpusBuilder(
      tokenizer: scratch.letterTokenizer(), options: CorpusOptions(maxLength: 8, shardTokens: 500)
    ).build(inputs: [input], into: folder)
    corpus = try TokenizedCorpus.open(folder: folder)
  }

  private func sequences() throws -> [[Int32]] {
    try (0..<corpus.blockCount).flatMap { number in
      let block = try corpus.block(number)
      return (0..<block.count).map { Array(block.sequence($0)) }
    }
  }

  private func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: scratch.file(name)))
  }

  private func values<Value: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: some Collection<UInt8>, _ type: Value.Type
  ) throws -> [Value] {
    try #require(LittleEndian.values(Array(bytes), as: type))
  }

  @Test func flatIsTheIDsAndTheSidecarSaysWhatTheyAre() throws {
    let files = try CorpusExport(corpus: corpus, layout: .flat).write(to: scratch.file("new/f"))
    #expect(files.map(\.lastPathComponent) == ["f.bin", "f.json"])
    let all = try sequences().joined()
    #expect(try values(bytes("new/f.bin"), UInt16.self) == all.map(UInt16.init))
    let json = try JSONSerialization.jsonObject(with: Data(contentsOf: scratch.file("new/f.json")))
    let sidecar = try #require(json as? [String: Any])
    #expect(sidecar["dtype"] as? String == "uint16")
    #expect(sidecar["tokens"] as? Int == all.count && sidecar["vocabSize"] as? Int == 31)
    #expect(sidecar["corpusDigest"] as? String == corpus.manifest.digest)
    #expect(sidecar["vocabularyDigest"] as? String == corpus.manifest.vocabularyDigest)
    #expect(sidecar["binDigest"] as? String == ContentDigest.bytes(try bytes("new/f.bin")))
    #expect(
      corpus.manifest.vocabularyDigest
        == ContentDigest.bytes([UInt8](try Data(contentsOf: scratch.file("vocabulary/vocab.txt")))))
  }

  @Test func megatronIndexesEverySequence() throws {
    let export = CorpusExport(corpus: corpus, layout: .megatron, keepsSpecialTokens: false)
    _ = try export.write(to: scratch.file("m"))
    let bodies = try sequences().map { $0.dropFirst().dropLast() }
    #expect(try values(bytes("m.bin"), UInt16.self) == bodies.joined().map(UInt16.init))
    let index = try bytes("m.idx")
    let count = bodies.count
    #expect(index.count == 34 + 12 * count + 8 * (count + 1))
    #expect(Array(index[..<9]) == Array("MMIDIDX\0\0".utf8) && index[17] == 8)
    #expect(try values(index[9..<17], UInt64.self) == [1])
    #expect(try values(index[18..<34], UInt64.self) == [UInt64(count), UInt64(count + 1)])
    #expect(try values(index[34..<34 + 4 * count], Int32.self) == bodies.map { Int32($0.count) })
    var offset: Int64 = 0
    let offsets = bodies.map { body -> Int64 in
      defer { offset += 2 * Int64(body.count) }
      return offset
    }
    #expect(try values(index[(34 + 4 * count)...].prefix(8 * count), Int64.self) == offsets)
    #expect(try values(index.suffix(8 * (count + 1)), Int64.self) == Array(0...Int64(count)))
  }

  @Test func llmcHasItsHeader() throws {
    _ = try CorpusExport(corpus: corpus, layout: .llmc).write(to: scratch.file("l"))
    let found = try bytes("l.bin")
    let header = try values(found[..<1_024], Int32.self)
    #expect(Array(header[..<3]) == [20_240_520, 1, Int32(corpus.manifest.tokens)])
    #expect(header[3...].allSatisfy { $0 == 0 })
    #expect(try values(found[1_024...], UInt16.self) == sequences().joined().map(UInt16.init))
  }

  @Test func largeVocabulariesAreExportedInFourBytes() throws {
    let tokenizer = try scratch.letterTokenizer(extra: (0..<70_000).map { "word\($0)" })
    let input = try scratch.write("large.txt", "a word69999 b\n")
    let folder = scratch.file("large")
    _ = try CorpusBuilder(tokenizer: tokenizer).build(inputs: [input], into: folder)
    let large = try TokenizedCorpus.open(folder: folder)
    _ = try CorpusExport(corpus: large, layout: .flat).write(to: scratch.file("w"))
    #expect(try values(bytes("w.bin"), Int32.self) == [2, 5, 31 + 69_999, 6, 3])
    _ = try CorpusExport(corpus: large, layout: .llmc).write(to: scratch.file("w"))
    #expect(try values(bytes("w.bin")[..<8], Int32.self) == [20_240_801, 7])
  }

  @Test func samplesRepeatAndDifferBySeed() throws {
    let total = corpus.manifest.sequences
    let first = corpus.sample(count: 20, seed: 1)
    #expect(first == corpus.sample(count: 20, seed: 1))
    #expect(first != corpus.sample(count: 20, seed: 2))
    #expect(Set(first).count == 20)
    for place in first {
      let block = try corpus.block(place.block)
      #expect(place.index < block.count)
    }
    #expect(corpus.sample(count: total + 5, seed: 3).count == total)
    // Every sequence is drawn about as often: 2,000 draws of 10 of `total`.
    var counts: [SequenceReference: Int] = [:]
    for seed in 0..<2_000 {
      for place in corpus.sample(count: 10, seed: UInt64(seed)) { counts[place, default: 0] += 1 }
    }
    let expected = 20_000 / Double(total)
    #expect(counts.count == total)
    // Six standard deviations of a Poisson count.
    #expect(counts.values.allSatisfy { abs(Double($0) - expected) < 6 * expected.squareRoot() })
  }
}
