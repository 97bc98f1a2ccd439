import Foundation
import TestSupport
import Testing
import Tokenizer

@Suite(.enabled(if: SharedFixtures.available, "skipped: ../shared is missing"))
struct FastPathTests {
  /// Pools of code points that random strings mix; ASCII, spaces and specials come up most.
  private static let pools: [[ClosedRange<UInt32>]] = [
    [0x20...0x7E], [0x20...0x7E], [0x61...0x7A], [0x20...0x20], [0x00...0x1F, 0x7F...0x9F],
    [0xA0...0x24F], [0x300...0x36F], [0x8D4...0x8E1, 0x1B44...0x1B44, 0x302E...0x302F],
    [0x900...0xDFF], [0x4E00...0x4E40, 0xF900...0xFA10], [0xAC00...0xAC60, 0x1100...0x1112],
    [0xE000...0xE010, 0x378...0x379, 0x2000...0x206F], [0x1F600...0x1F64F, 0xFE00...0xFE0F],
    [0x1D157...0x1D172, 0x1E000...0x1E02A, 0x2B81E...0x2B921, 0xE0020...0xE007F],
  ]
  private static let snippets = [
    "[MASK]", "[SEP]", "[UNK]", "[MASK", "##", "[unused1]", "the ", "un", "ing", "\r\n", "\t",
    "FooBar", "foobar", "<ent>", " <ent> ", "<SEP>",
  ]

  static func randomText(_ generator: inout SeededGenerator) -> String {
    var text = ""
    for _ in 0..<Int.random(in: 1...24, using: &generator) {
      if Int.random(in: 0..<8, using: &generator) == 0 {
        text += snippets[Int.random(in: 0..<snippets.count, using: &generator)]
        continue
      }
      let pool = pools[Int.random(in: 0..<pools.count, using: &generator)]
      let range = pool[Int.random(in: 0..<pool.count, using: &generator)]
      for _ in 0..<Int.random(in: 1...6, using: &generator) {
        if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &generator)) {
          text.unicodeScalars.append(scalar)
        }
      }
    }
    return text
  }

  @Test func equalsTheExactPathOnRandomTextUnderAllFlags() throws {
    for (number, tokenizer) in try ReferenceTokenizers.allFlags().enumerated() {
      var generator = SeededGenerator(seed: 2026 + UInt64(number))
      let fast = tokenizer.makeTokenIDEncoder()
      for _ in 0..<2_000 {
        let text = Self.randomText(&generator)
        let exact = try tokenizer.exactIDs(text)
        let comment = Comment(rawValue: "\(text.debugDescription) under \(tokenizer.options)")
        #expect(fast.ids(text) == exact, comment)
        #expect(tokenizer.uncachedIDs(text) == exact, comment)
      }
    }
  }

  @Test func spansEqualTheExactPathOnRandomTextUnderAllFlags() throws {
    for (number, tokenizer) in try ReferenceTokenizers.allFlags().enumerated() {
      var generator = SeededGenerator(seed: 4052 + UInt64(number))
      let fast = TokenSpanEncoder(tokenizer)
      for _ in 0..<1_000 {
        let text = Self.randomText(&generator)
        let exact = try tokenizer.encode(text, options: EncodeOptions(addsSpecialTokens: false))
        let comment = Comment(rawValue: "\(text.debugDescription) under \(tokenizer.options)")
        #expect(fast.spans(text) == exact.spans, comment)
      }
    }
  }

  @Test func idsOfMoreThanSixteenBitsAreKeptExactly() throws {
    let vocabulary = try Vocabulary.load(
      contentsOf: SharedFixtures.root.appending(
        path: "data/tokenizers/bert-base-multilingual-cased/vocab.txt"))
    #expect(vocabulary.count > 1 << 16)
    let tokenizer = try WordPieceTokenizer(vocabulary: vocabulary, options: .cased)
    let fast = tokenizer.makeTokenIDEncoder()
    var generator = SeededGenerator(seed: 119_547)
    for _ in 0..<2_000 {
      // Twice, so that what is kept is read, too.
      let text = Self.randomText(&generator)
      let exact = try tokenizer.exactIDs(text)
      #expect(fast.ids(text) == exact)
      #expect(fast.ids(text) == exact)
    }
  }

  @Test func longTextsEqualTheExactPath() throws {
    // Longer than a batch of chunks, with chunks of every length and tokens in every position.
    for tokenizer in try ReferenceTokenizers.withAddedTokens() {
      var generator = SeededGenerator(seed: 88)
      let ids = tokenizer.makeTokenIDEncoder()
      let spans = TokenSpanEncoder(tokenizer)
      for _ in 0..<20 {
        let pieces = (0..<400).map { _ in Self.randomText(&generator) }
        let text = pieces.joined(separator: Bool.random(using: &generator) ? " " : "\n")
        let exact = try tokenizer.encode(text, options: EncodeOptions(addsSpecialTokens: false))
        #expect(ids.ids(text) == exact.ids)
        #expect(spans.spans(text) == exact.spans)
      }
    }
  }

  @Test func chunksOfEveryLengthAtEveryEndOfABufferAreRead() throws {
    // Keys are packed with 8-byte loads; texts that end right after a chunk must not be read past.
    let tokenizer = try ReferenceTokenizers.named("uncased")
    let fast = tokenizer.makeTokenIDEncoder()
    for count in 0...40 {
      for tail in 0...20 {
        let text =
          String(repeating: "abcdefghij", count: 4).prefix(count) + " "
          + String(repeating: "z", count: tail)
        let exact = try tokenizer.exactIDs(String(text))
        #expect(fast.ids(String(text)) == exact)
        #expect(fast.ids(String(text)) == exact)
      }
    }
  }

  @Test func chunksThatDifferInLengthOrZeroBytesAreKeptApart() throws {
    let tokenizer = try ReferenceTokenizers.named("uncased")
    let fast = tokenizer.makeTokenIDEncoder()
    for text in ["a", "a\0", "\0a", "a\0\0", "abcdefg", "abcdefg\0", "abcdefgh", "\0"] {
      #expect(fast.ids(text) == (try tokenizer.exactIDs(text)))
    }
  }

  @Test func moreDistinctChunksThanTheCacheHoldsStayExact() throws {
    let tokenizer = try ReferenceTokenizers.named("uncased")
    let fast = tokenizer.makeTokenIDEncoder()
    // Each number is four or five tokens, so that the arena fills and the cache starts afresh.
    for number in stride(from: 0, to: 300_000, by: 3) {
      let text = "x\(1_000_003 &* number)"
      var ids: [Int32] = []
      fast.appendTokenIDs(of: text, to: &ids)
      #expect(ids == tokenizer.uncachedIDs(text))
    }
  }

  @Test func invalidBytesCountAsReplacementCharacters() throws {
    let tokenizer = try ReferenceTokenizers.named("uncased")
    let fast = tokenizer.makeTokenIDEncoder()
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<2_000 {
      let bytes = (0..<Int.random(in: 0...30, using: &generator)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      }
      var ids: [Int32] = []
      bytes.withUnsafeBytes { fast.appendTokenIDs(ofUTF8: $0, to: &ids) }
      #expect(ids == (try tokenizer.exactIDs(String(decoding: bytes, as: UTF8.self))))
    }
  }

  @Test func idsAreAppendedToWhatIsThere() throws {
    let fast = try ReferenceTokenizers.named("uncased").makeTokenIDEncoder()
    var ids: [Int32] = [-1]
    fast.appendTokenIDs(of: "hello", to: &ids)
    fast.appendTokenIDs(of: "", to: &ids)
    fast.appendTokenIDs(of: " a[MASK]b ", to: &ids)
    #expect(ids == [-1, 7592, 1037, 103, 1038])
  }
}
