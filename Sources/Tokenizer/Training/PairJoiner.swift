/// Joins the commonest pair of neighbouring tokens, again and again.
///
/// Counts are kept as the reference keeps them: a pair that was joined keeps its count, so that it
/// comes to the front at once where it arises a second time.
///
/// - Source: `WordPieceTrainer` of Hugging Face `tokenizers` 0.23.3, by its behaviour.
struct PairJoiner: ~Copyable {
  private let words: SegmentedWords
  private var pairs = PairTable()
  private var queue: MergeQueue
  private var neighbours = JoinNeighbours()
  /// Numbers of words: the lists of all candidates.
  private var lists: [Int32] = []
  /// Entries of the lists that belong to candidates in the queue.
  private var liveEntries = 0

  /// Counts the pairs of words.
  ///
  /// - Parameters:
  ///   - words: The words in single characters.
  ///   - minFrequency: How often a pair has to occur.
  init(_ words: consuming SegmentedWords, minFrequency: UInt64) {
    self.words = words
    queue = MergeQueue(minFrequency: minFrequency)
    countPairs()
  }

  /// Takes the next pair off the queue; nil where none occurs often enough.
  mutating func next() -> MergeQueue.Candidate? { queue.pop(counts: pairs.counts) }

  /// Joins a candidate's pair into a token.
  ///
  /// - Parameters:
  ///   - candidate: What `next` gave last.
  ///   - joined: The token, new or not.
  ///   - tokenCount: Tokens that there are with it; all IDs are below.
  mutating func join(
    _ candidate: MergeQueue.Candidate, into joined: Int32, tokenCount: Int
  ) {
    let (left, right) = Self.tokens(of: candidate.pair)
    neighbours.reserve(tokens: tokenCount)
    let end = candidate.firstWord + Int(candidate.wordCount)
    lists.withUnsafeBufferPointer { lists in
      for place in candidate.firstWord..<end {
        words.join(left, right, into: joined, in: Int(lists[place]), &neighbours)
      }
    }
    liveEntries -= Int(candidate.wordCount)
    for side in neighbours.met {
      let pair = side & 1 == 0 ? PairTable.pair(side >> 1, left) : PairTable.pair(right, side >> 1)
      pairs.counts[pairs.index(of: pair)] -= neighbours[side].count
    }
    var indices: [Int] = []
    indices.reserveCapacity(neighbours.met.count)
    for side in neighbours.met {
      let index = pairs.index(of: Self.joinedPair(side, joined))
      pairs.counts[index] += neighbours[side].count
      indices.append(index)
    }
    compactLists()
    for (side, index) in zip(neighbours.met, indices) where pairs.counts[index] > 0 {
      neighbours.place(side, at: lists.count)
      push(Self.joinedPair(side, joined), index: index, words: neighbours[side].words)
    }
    neighbours.finish(into: &lists)
  }

  /// The tokens of a pair.
  static func tokens(of pair: PairTable.Pair) -> (left: Int32, right: Int32) {
    (Int32(truncatingIfNeeded: pair >> 32), Int32(truncatingIfNeeded: pair))
  }

  private static func joinedPair(_ side: Int32, _ joined: Int32) -> PairTable.Pair {
    side & 1 == 0 ? PairTable.pair(side >> 1, joined) : PairTable.pair(joined, side >> 1)
  }

  /// Queues a pair with room for its words at the end of the lists.
  private mutating func push(_ pair: PairTable.Pair, index: Int, words: Int32) {
    queue.push(
      MergeQueue.Candidate(
        count: pairs.counts[index], pair: pair, index: Int32(index), wordCount: words,
        firstWord: lists.count))
    liveEntries += Int(words)
    lists.append(contentsOf: repeatElement(0, count: Int(words)))
  }

  private mutating func countPairs() {
    // Two passes: how many words hold each pair, then which.
    var indexOfPlace: [Int32] = []
    indexOfPlace.reserveCapacity(words.tokenCount)
    var found: [(pair: PairTable.Pair, words: Int32, lastWord: Int32, cursor: Int)] = []
    for word in 0..<words.count {
      words.forEachPair(of: word) { pair in
        let index = pairs.index(of: pair)
        if index == found.count { found.append((pair, 0, -1, 0)) }
        pairs.counts[index] += words.occurrences(of: word)
        if found[index].lastWord != Int32(word) {
          found[index].lastWord = Int32(word)
          found[index].words += 1
        }
        indexOfPlace.append(Int32(index))
      }
    }
    for index in found.indices {
      found[index].cursor = lists.count
      found[index].lastWord = -1
      push(found[index].pair, index: index, words: found[index].words)
    }
    var place = 0
    for word in 0..<words.count {
      words.forEachPair(of: word) { _ in
        let index = Int(indexOfPlace[place])
        place += 1
        guard found[index].lastWord != Int32(word) else { return }
        found[index].lastWord = Int32(word)
        lists[found[index].cursor] = Int32(word)
        found[index].cursor += 1
      }
    }
  }

  /// Moves the lists together where more than half of them is of no use any more.
  private mutating func compactLists() {
    guard lists.count > 1 << 20, lists.count > 2 * liveEntries else { return }
    var compact: [Int32] = []
    compact.reserveCapacity(liveEntries * 3 / 2)
    queue.update { candidate in
      let start = compact.count
      compact += lists[candidate.firstWord..<candidate.firstWord + Int(candidate.wordCount)]
      candidate.firstWord = start
    }
    lists = compact
  }
}
