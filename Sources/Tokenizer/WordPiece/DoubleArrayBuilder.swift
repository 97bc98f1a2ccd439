/// Lays the tokens of a vocabulary out as a double array (Aoe 1989).
///
/// Owns the arrays until ``take()``.
struct DoubleArrayBuilder: ~Copyable {
  /// One node, 8 bytes: the walk down the trie touches nothing else.
  struct Unit {
    var base: Int32 = 0
    /// The parent's place, with the top bit set where an entry ends here; ``free`` where unused.
    private var check: UInt32 = Unit.free

    private static let free: UInt32 = 0x7FFF_FFFF
    private static let entryBit: UInt32 = 0x8000_0000

    @inline(__always) var parent: UInt32 { check & ~Self.entryBit }
    @inline(__always) var isEntry: Bool { check >= Self.entryBit }
    var isFree: Bool { check == Self.free }

    mutating func take(parent: Int) { check = UInt32(parent) }
    mutating func markEntry() { check |= Self.entryBit }
  }

  /// A node without children or entry.
  static let deadNode = 1
  /// Nodes begin here: a lower place has no base for great bytes.
  private static let margin = 256

  /// The ID of a token that another one equals, once all are in; nil where all differ.
  private(set) var repeatedID: Int32?
  private let tokens: VocabularyBytes
  private var units: UnsafeMutablePointer<Unit>
  private var ids: UnsafeMutablePointer<Int32>
  private var capacity: Int
  /// No unit from the margin to it is free.
  private var firstFree = Self.margin
  /// Where the search for a node of several children goes on, so that it does not try crowded
  /// places again; nodes of one child fill the holes left behind.
  private var searchStart = Self.margin

  init(_ tokens: VocabularyBytes) {
    self.tokens = tokens
    capacity = max(4096, tokens.bytes.count + 4 * Self.margin)
    units = .allocate(capacity: capacity)
    units.initialize(repeating: Unit(), count: capacity)
    ids = .allocate(capacity: capacity)
    ids.initialize(repeating: -1, count: capacity)
    // The root names itself, so that nothing is its child by accident; the dead node likewise.
    units[WordPieceTrie.wordRoot].take(parent: 0x7FFF_FFFE)
    units[Self.deadNode].take(parent: 0x7FFF_FFFE)
  }

  /// The finished arrays, now the caller's.
  consuming func take() -> (
    units: UnsafeMutablePointer<Unit>, ids: UnsafeMutablePointer<Int32>
  ) { (units, ids) }

  private struct Pending {
    let node: Int
    let start: Int
    let end: Int
    let depth: Int
  }

  /// Puts all tokens in; of equal ones the greatest ID stays.
  mutating func build() {
    let order = sortedTokens()
    tokens.bytes.withUnsafeBufferPointer { bytes in
      var pending = [Pending(node: WordPieceTrie.wordRoot, start: 0, end: order.count, depth: 0)]
      var children: [(byte: UInt8, start: Int)] = []
      while let next = pending.popLast() {
        var start = next.start
        while start < next.end, tokens.range(Int(order[start])).count == next.depth {
          if ids[next.node] >= 0 { repeatedID = ids[next.node] }
          ids[next.node] = order[start]
          units[next.node].markEntry()
          start += 1
        }
        children.removeAll(keepingCapacity: true)
        for i in start..<next.end {
          let byte = bytes[Int(tokens.starts[Int(order[i])]) + next.depth]
          if children.last?.byte != byte { children.append((byte, i)) }
        }
        guard !children.isEmpty else { continue }
        let base = place(children)
        units[next.node].base = Int32(base)
        for (i, child) in children.enumerated() {
          let node = base + Int(child.byte)
          units[node].take(parent: next.node)
          pending.append(
            Pending(
              node: node, start: child.start,
              end: i + 1 < children.count ? children[i + 1].start : next.end,
              depth: next.depth + 1))
        }
      }
    }
  }

  /// IDs in the order of the tokens' bytes, equal tokens by ID.
  private func sortedTokens() -> [Int32] {
    struct Key {
      let prefix: UInt64
      let id: Int32
    }
    return tokens.bytes.withUnsafeBufferPointer { bytes in
      var keys = (0..<tokens.count).map { index in
        let range = tokens.range(index)
        var prefix: UInt64 = 0
        for i in 0..<8 {
          prefix = prefix << 8 | (i < range.count ? UInt64(bytes[range.lowerBound + i]) : 0)
        }
        return Key(prefix: prefix, id: Int32(index))
      }
      keys.sort { a, b in
        if a.prefix != b.prefix { return a.prefix < b.prefix }
        let (left, right) = (tokens.range(Int(a.id)), tokens.range(Int(b.id)))
        let shared = min(left.count, right.count)
        for i in 0..<shared where bytes[left.lowerBound + i] != bytes[right.lowerBound + i] {
          return bytes[left.lowerBound + i] < bytes[right.lowerBound + i]
        }
        return (left.count, a.id) < (right.count, b.id)
      }
      return keys.map(\.id)
    }
  }

  /// A base at which all the children's places are free.
  private mutating func place(_ children: [(byte: UInt8, start: Int)]) -> Int {
    while !units[firstFree].isFree {
      firstFree += 1
      makeRoom(after: firstFree)
    }
    let first = Int(children[0].byte)
    var slot = children.count == 1 ? firstFree : max(firstFree, searchStart)
    while true {
      let base = slot - first
      if units[slot].isFree {
        makeRoom(after: slot)
        if children.allSatisfy({ units[base + Int($0.byte)].isFree }) {
          if children.count > 1 { searchStart = slot }
          return base
        }
      }
      slot += 1
      makeRoom(after: slot)
    }
  }

  /// Sees to it that every byte's place from `slot` is inside.
  private mutating func makeRoom(after slot: Int) {
    guard slot + 2 * Self.margin > capacity else { return }
    let larger = capacity * 2
    let newUnits = UnsafeMutablePointer<Unit>.allocate(capacity: larger)
    newUnits.moveInitialize(from: units, count: capacity)
    (newUnits + capacity).initialize(repeating: Unit(), count: larger - capacity)
    let newIDs = UnsafeMutablePointer<Int32>.allocate(capacity: larger)
    newIDs.moveInitialize(from: ids, count: capacity)
    (newIDs + capacity).initialize(repeating: -1, count: larger - capacity)
    units.deallocate()
    ids.deallocate()
    (units, ids, capacity) = (newUnits, newIDs, larger)
  }
}
