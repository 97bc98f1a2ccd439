/// How often each distinct chunk of at most 15 bytes occurs.
///
/// Bounded: when it is full, what it holds has to be taken out. Owns its memory; one caller at a
/// time.
struct ChunkCounts: ~Copyable {
  private struct Slot {
    /// Length in the top byte; a free slot has 0, which no chunk has.
    var high: UInt64 = 0
    var low: UInt64 = 0
    var count: UInt64 = 0
  }

  /// Most distinct chunks; twice as many slots of 24 bytes.
  static let maxEntries = 1 << 19

  private var slots: UnsafeMutablePointer<Slot>
  private var slotCount: Int
  private var entries = 0
  private let seed = UInt64.random(in: .min ... .max)

  /// An empty table.
  init() {
    slotCount = 1 << 12
    slots = .allocate(capacity: slotCount)
    slots.initialize(repeating: Slot(), count: slotCount)
  }

  deinit { slots.deallocate() }

  /// Whether nothing more may be added.
  var isFull: Bool { entries >= Self.maxEntries }

  /// Adds occurrences of a chunk.
  @inline(__always)
  mutating func add(_ key: ChunkCache.Key, _ weight: UInt64) {
    let slot = slots + place(of: key.low, key.high)
    if slot.pointee.high != 0 {
      slot.pointee.count &+= weight
    } else {
      slot.pointee = Slot(high: key.high, low: key.low, count: weight)
      entries += 1
      if 2 * entries > slotCount, slotCount < 2 * Self.maxEntries { grow() }
    }
  }

  /// Calls `body` with each chunk and its count, and forgets them.
  mutating func takeAll(_ body: (UnsafeRawBufferPointer, UInt64) -> Void) {
    for place in 0..<slotCount where slots[place].high != 0 {
      let count = Int(slots[place].high >> 56)
      var words = (slots[place].low.littleEndian, slots[place].high.littleEndian)
      withUnsafeBytes(of: &words) {
        body(UnsafeRawBufferPointer(rebasing: $0[..<count]), slots[place].count)
      }
      slots[place] = Slot()
    }
    entries = 0
  }

  /// The place of a chunk, or the free one that it would take.
  @inline(__always)
  private func place(of low: UInt64, _ high: UInt64) -> Int {
    let hash = ByteStringTable.mixed(low ^ seed ^ (high &* 0x9FB2_1C65_1E98_DF25))
    var place = Int(truncatingIfNeeded: hash) & (slotCount - 1)
    while slots[place].high != 0, slots[place].low != low || slots[place].high != high {
      place = (place + 1) & (slotCount - 1)
    }
    return place
  }

  private mutating func grow() {
    let (old, oldCount) = (slots, slotCount)
    slotCount *= 2
    slots = .allocate(capacity: slotCount)
    slots.initialize(repeating: Slot(), count: slotCount)
    for index in 0..<oldCount where old[index].high != 0 {
      slots[place(of: old[index].low, old[index].high)] = old[index]
    }
    old.deallocate()
  }
}
