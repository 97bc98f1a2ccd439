/// The words of a text as sequences of tokens, which grow shorter as pairs are joined.
///
/// Owns its memory; one caller at a time.
struct SegmentedWords: ~Copyable {
  /// Tokens of all words, one word after another; a word's tokens stay at the front of its place.
  private let tokens: UnsafeMutablePointer<Int32>
  /// Where each word's tokens begin.
  private let starts: UnsafeMutablePointer<Int>
  /// How many tokens each word has now.
  private let lengths: UnsafeMutablePointer<Int32>
  /// How often each word occurs.
  private let counts: UnsafeMutablePointer<Int64>
  /// Words in all.
  let count: Int
  /// Tokens in all, before anything was joined.
  let tokenCount: Int

  /// Writes words in the tokens of single characters.
  ///
  /// - Parameters:
  ///   - words: The words.
  ///   - first: The token of each code point at the first place of a word, -1 for one that is
  ///     passed over.
  ///   - continuing: The same at the other places.
  init(_ words: WordCounts, first: [Int32], continuing: [Int32]) {
    count = words.distinctWords
    tokens = .allocate(capacity: max(1, words.bytes.count))
    starts = .allocate(capacity: max(1, count))
    lengths = .allocate(capacity: max(1, count))
    counts = .allocate(capacity: max(1, count))
    lengths.initialize(repeating: 0, count: count)
    var scalars = WordScalars(words)
    var filled = 0
    while let (scalar, word, isFirst) = scalars.next() {
      if isFirst {
        starts[word] = filled
        counts[word] = Int64(words.counts[word])
      }
      let token = isFirst ? first[Int(scalar)] : continuing[Int(scalar)]
      guard token >= 0 else { continue }
      tokens[filled] = token
      filled += 1
      lengths[word] += 1
    }
    tokenCount = filled
  }

  deinit {
    tokens.deallocate()
    starts.deallocate()
    lengths.deallocate()
    counts.deallocate()
  }

  /// How often a word occurs.
  @inline(__always)
  func occurrences(of word: Int) -> Int64 { counts[word] }

  /// Calls `body` with each pair of neighbours of a word.
  @inline(__always)
  func forEachPair(of word: Int, _ body: (PairTable.Pair) -> Void) {
    let tokens = tokens + starts[word]
    for place in 1..<max(1, Int(lengths[word])) {
      body(PairTable.pair(tokens[place - 1], tokens[place]))
    }
  }

  /// Joins a pair wherever a word has it, from left to right.
  ///
  /// - Parameters:
  ///   - left: The left token.
  ///   - right: The right token.
  ///   - joined: The token that takes their place.
  ///   - word: The word.
  ///   - neighbours: Is told the tokens beside each place.
  @inline(__always)
  func join(
    _ left: Int32, _ right: Int32, into joined: Int32, in word: Int,
    _ neighbours: inout JoinNeighbours
  ) {
    let tokens = tokens + starts[word]
    let length = Int(lengths[word])
    let count = counts[word]
    var read = 0
    var written = 0
    while read < length {
      guard tokens[read] == left, read + 1 < length, tokens[read + 1] == right else {
        tokens[written] = tokens[read]
        written += 1
        read += 1
        continue
      }
      if written > 0 { neighbours.add(tokens[written - 1], isLeft: true, word: word, count) }
      tokens[written] = joined
      written += 1
      read += 2
      if read < length { neighbours.add(tokens[read], isLeft: false, word: word, count) }
    }
    lengths[word] = Int32(written)
  }
}
