/// How often pairs of neighbouring tokens occur.
///
/// Pairs have dense indices in order of arrival. Owns its memory; one caller at a time.
struct PairTable: ~Copyable {
  /// A pair in one number: the left token's ID in the upper half, the right one's in the lower.
  typealias Pair = UInt64

  private struct Slot {
    var pair: Pair = PairTable.none
    var index: Int32 = 0
  }

  /// No pair: IDs are below 2^31.
  private static let none = Pair.max

  /// Count of each pair, by index; may be stale in the way that `MergeQueue` tells.
  var counts: [Int64] = []
  private var slots: UnsafeMutablePointer<Slot>
  private var slotCount: Int

  /// An empty table.
  init() {
    slotCount = 1 << 12
    slots = .allocate(capacity: slotCount)
    slots.initialize(repeating: Slot(), count: slotCount)
  }

  deinit { slots.deallocate() }

  /// The pair of two IDs.
  @inline(__always)
  static func pair(_ left: Int32, _ right: Int32) -> Pair {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  /// The index of a pair, which is put in with a count of 0 where it is missing.
  mutating func index(of pair: Pair) -> Int {
    var place = Self.place(of: pair, mask: slotCount - 1)
    while slots[place].pair != pair {
      if slots[place].pair == Self.none {
        let index = counts.count
        slots[place] = Slot(pair: pair, index: Int32(index))
        counts.append(0)
        if 2 * counts.count > slotCount { grow() }
        return index
      }
      place = (place + 1) & (slotCount - 1)
    }
    return Int(slots[place].index)
  }

  private mutating func grow() {
    let (old, oldCount) = (slots, slotCount)
    slotCount *= 2
    slots = .allocate(capacity: slotCount)
    slots.initialize(repeating: Slot(), count: slotCount)
    for index in 0..<oldCount where old[index].pair != Self.none {
      var place = Self.place(of: old[index].pair, mask: slotCount - 1)
      while slots[place].pair != Self.none { place = (place + 1) & (slotCount - 1) }
      slots[place] = old[index]
    }
    old.deallocate()
  }

  @inline(__always)
  private static func place(of pair: Pair, mask: Int) -> Int {
    Int(truncatingIfNeeded: ByteStringTable.mixed(pair)) & mask
  }
}
