/// Lays a set of byte strings out as a double array (Aoe 1989).
///
/// The child of node n by byte b is at `base[n] + b`, if the check there names n.
struct DoubleArrayBuilder {
  /// One node.
  struct Unit {
    var base: Int32 = 0
    /// The parent, ``free`` or ``root``.
    var check: Int32 = DoubleArrayBuilder.free
    /// The ID of the string that ends here, -1 for none.
    var id: Int32 = -1
  }

  /// A string with its ID.
  struct Entry {
    let bytes: ArraySlice<UInt8>
    let id: Int32
  }

  static let free: Int32 = -1
  static let root: Int32 = -2
  /// Bytes of UTF-8 are at most 0xF4; so much room at the end makes every look-up land inside.
  private static let margin = 256

  private(set) var units: [Unit]
  /// No unit from the margin to it is free.
  private var firstFree: Int
  /// Where the search for a node of several children goes on, so that it does not try crowded
  /// places again; nodes of one child fill the holes left behind.
  private var searchStart: Int

  /// An empty array with some roots, which are the nodes from 0.
  init(rootCount: Int) {
    units = Array(repeating: Unit(), count: rootCount + 2 * Self.margin)
    for root in 0..<rootCount { units[root].check = Self.root }
    // Not before the margin: a lower place has no base for great bytes and would never be taken.
    firstFree = Self.margin
    searchStart = Self.margin
  }

  /// Puts strings under a root; of equal strings the greatest ID stays.
  mutating func insert(_ entries: [Entry], root: Int) {
    let sorted = entries.sorted {
      $0.bytes.elementsEqual($1.bytes)
        ? $0.id < $1.id : $0.bytes.lexicographicallyPrecedes($1.bytes)
    }
    var pending = [(node: root, range: sorted.startIndex..<sorted.endIndex, depth: 0)]
    while let (node, range, depth) = pending.popLast() {
      var start = range.lowerBound
      while start < range.upperBound, sorted[start].bytes.count == depth {
        units[node].id = sorted[start].id
        start += 1
      }
      let children = Self.children(of: sorted, in: start..<range.upperBound, depth: depth)
      guard !children.isEmpty else { continue }
      let base = place(children.map(\.byte))
      units[node].base = Int32(base)
      for child in children {
        units[base + Int(child.byte)].check = Int32(node)
        pending.append((base + Int(child.byte), child.range, depth + 1))
      }
    }
  }

  private static func children(
    of entries: [Entry], in range: Range<Int>, depth: Int
  ) -> [(byte: UInt8, range: Range<Int>)] {
    var children: [(byte: UInt8, range: Range<Int>)] = []
    var start = range.lowerBound
    while start < range.upperBound {
      let byte = entries[start].bytes[entries[start].bytes.startIndex + depth]
      var end = start + 1
      while end < range.upperBound,
        entries[end].bytes[entries[end].bytes.startIndex + depth] == byte
      {
        end += 1
      }
      children.append((byte, start..<end))
      start = end
    }
    return children
  }

  /// A base at which all the children's places are free.
  private mutating func place(_ bytes: [UInt8]) -> Int {
    while units[firstFree].check != Self.free {
      firstFree += 1
      makeRoom(after: firstFree)
    }
    var slot = bytes.count == 1 ? firstFree : max(firstFree, searchStart)
    while true {
      let base = slot - Int(bytes[0])
      if units[slot].check == Self.free {
        makeRoom(after: base + Self.margin)
        if bytes.allSatisfy({ units[base + Int($0)].check == Self.free }) {
          if bytes.count > 1 { searchStart = slot }
          return base
        }
      }
      slot += 1
      makeRoom(after: slot)
    }
  }

  /// Sees to it that every byte's place from `slot` is inside.
  private mutating func makeRoom(after slot: Int) {
    while units.count < slot + Self.margin { units.append(Unit()) }
  }
}
