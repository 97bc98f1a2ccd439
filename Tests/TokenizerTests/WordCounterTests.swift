import TestSupport
import Testing
import Tokenizer

struct WordCounterTests {
  /// The words of a text by the exact path.
  private func exactWords(_ text: String, _ options: NormalizerOptions) -> [String] {
    let normalized = Normalizer(options: options).normalize(
      NormalizedText(scalars: text.unicodeScalars.map(\.value)))
    return PreTokenizer.words(of: normalized).map { range in
      var word = ""
      word.unicodeScalars.append(
        contentsOf: normalized.scalars[range].compactMap(Unicode.Scalar.init))
      return word
    }
  }

  private func isEqual(_ left: WordCounts, _ right: WordCounts) -> Bool {
    left.words.elementsEqual(right.words) {
      $0.word.utf8.elementsEqual($1.word.utf8) && $0.count == $1.count
    }
  }

  @Test(arguments: [NormalizerOptions.uncased, .cased, NormalizerOptions(cleanText: false)])
  func wordsAreThoseOfTheTokenizer(options: NormalizerOptions) {
    var generator = SeededGenerator(seed: 11)
    let counter = WordCounter(options: options)
    var expected: [[UInt8]: UInt64] = [:]
    for _ in 0..<3_000 {
      let text = FastPathTests.randomText(&generator)
      counter.count(text, weight: 3)
      for word in exactWords(text, options) { expected[Array(word.utf8), default: 0] += 3 }
    }
    let counts = WordCounts(merging: [counter])
    #expect(counts.words.map { Array($0.word.utf8) } == expected.keys.sorted(by: precedes))
    for (word, count) in counts.words { #expect(expected[Array(word.utf8)] == count) }
    #expect(counts.totalWords == expected.values.reduce(0, +))
  }

  private func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.lexicographicallyPrecedes(right)
  }

  @Test func theSplitAmongCountersChangesNothing() throws {
    var generator = SeededGenerator(seed: 12)
    let texts = (0..<2_000).map { _ in FastPathTests.randomText(&generator) }
    let trainer = try VocabularyTrainer(
      options: VocabularyTrainingOptions(size: 6_000, alphabetLimit: 5_000))
    var first: (counts: WordCounts, tokens: [String])?
    for counters in 1...3 {
      let all = (0..<counters).map { _ in WordCounter() }
      for (index, text) in texts.enumerated() { all[index * index % counters].count(text) }
      let counts = WordCounts(merging: all.reversed())
      let tokens = try trainer.train(counts).tokens
      if let first {
        #expect(isEqual(first.counts, counts))
        #expect(first.tokens.elementsEqual(tokens) { $0.utf8.elementsEqual($1.utf8) })
      }
      first = first ?? (counts, tokens)
    }
  }

  @Test func moreDistinctChunksThanAreKeptAreCountedInFull() {
    let counter = WordCounter()
    let numbers = 0..<600_000
    var text = ""
    for number in numbers {
      text += "x,\(number) "
      if number % 10_000 == 9_999 {
        counter.count(text)
        text = ""
      }
    }
    let counts = WordCounts(merging: [counter])
    #expect(counts.distinctWords == numbers.count + 2)
    #expect(counts.totalWords == UInt64(3 * numbers.count))
    #expect(counts.words.first { $0.word == "x" }?.count == UInt64(numbers.count))
  }

  @Test func chunksOfEveryLengthAreCounted() {
    let counter = WordCounter()
    var expected: [String: UInt64] = [:]
    for length in 1...80 {
      let word = String(String(repeating: "abcdefghij", count: 8).prefix(length))
      counter.count("\(word) \(word)\n\(word)")
      counter.count(word, weight: 2)
      expected[word] = 5
    }
    let counts = WordCounts(merging: [counter])
    #expect(Dictionary(uniqueKeysWithValues: counts.words.map { ($0.word, $0.count) }) == expected)
  }
}
