/// What stands beside the places where one pair is joined, and in which words.
///
/// With a token x on the left of so many places, the pair of x and the left half loses their count
/// and the pair of x and the joined token gains it; in the same way on the right.
///
/// Memory is kept from one join to the next. One caller at a time.
struct JoinNeighbours {
  /// One side of one token.
  struct Side {
    /// Occurrences of the places.
    var count: Int64 = 0
    /// Words that hold them; 0 where the side has not been met.
    var words: Int32 = 0
    /// The last of these words.
    fileprivate var lastWord: Int32 = -1
    /// Where the next word goes in the lists, -1 where it is not wanted.
    fileprivate var cursor = -1
  }

  /// The sides met, in order of meeting: twice the token, and 1 for the right.
  private(set) var met: [Int32] = []
  private var sides: [Side] = []
  private var events: [(side: Int32, word: Int32)] = []

  /// Makes room for tokens below a number.
  mutating func reserve(tokens: Int) {
    if sides.count < 2 * tokens {
      sides += Array(repeating: Side(), count: max(2 * tokens, 2 * sides.count) - sides.count)
    }
  }

  /// Takes note of a place in a word; words come one after another.
  @inline(__always)
  mutating func add(_ token: Int32, isLeft: Bool, word: Int, _ count: Int64) {
    let side = 2 * Int(token) + (isLeft ? 0 : 1)
    if sides[side].words == 0 { met.append(Int32(side)) }
    sides[side].count += count
    if sides[side].lastWord != Int32(word) {
      sides[side].lastWord = Int32(word)
      sides[side].words += 1
      events.append((Int32(side), Int32(word)))
    }
  }

  /// What was met on a side.
  @inline(__always)
  subscript(_ side: Int32) -> Side { sides[Int(side)] }

  /// Says where the words of a side go.
  mutating func place(_ side: Int32, at cursor: Int) { sides[Int(side)].cursor = cursor }

  /// Writes the words of all sides that have a place, and forgets everything.
  mutating func finish(into lists: inout [Int32]) {
    lists.withUnsafeMutableBufferPointer { lists in
      for (side, word) in events where sides[Int(side)].cursor >= 0 {
        lists[sides[Int(side)].cursor] = word
        sides[Int(side)].cursor += 1
      }
    }
    for side in met { sides[Int(side)] = Side() }
    met.removeAll(keepingCapacity: true)
    events.removeAll(keepingCapacity: true)
  }
}
