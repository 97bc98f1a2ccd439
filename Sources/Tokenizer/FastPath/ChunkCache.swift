/// A bounded cache from short chunks of text to token IDs.
///
/// Keys are chunks of at most 15 bytes, packed into 16 with their length. Buckets of two 32-byte
/// slots fill one cache line; a new entry takes the first slot and moves the older one to the
/// second, so that frequent chunks survive. Up to three IDs lie in the slot, more in an arena; when
/// the arena is full the cache starts afresh.
///
/// Owns its memory; one caller at a time.
struct ChunkCache: ~Copyable {
  /// A chunk of at most 15 bytes, with its length in the top byte.
  struct Key {
    var low: UInt64
    var high: UInt64
  }

  /// The longest chunk that has a key, in bytes.
  static let maxKeyBytes = 15

  private struct Slot {
    /// Length in the top byte; a free slot has 0, which no chunk has.
    var high: UInt64 = 0
    var low: UInt64 = 0
    var count: Int32 = 0
    /// IDs, or the place in the arena where there are more than three.
    var ids: (Int32, Int32, Int32) = (0, 0, 0)
  }

  private let slots: UnsafeMutablePointer<Slot>
  private let slotCount: Int
  private let bucketMask: Int
  private var arena: [Int32] = []
  private let arenaCapacity: Int

  /// Most IDs that one entry may have; chunks with more are not kept.
  static let maxIDs = 64

  /// An empty cache.
  ///
  /// - Parameter slotCount: Entries, a power of two; 32 bytes each.
  init(slotCount: Int) {
    precondition(slotCount >= 2 && slotCount & (slotCount - 1) == 0, "a power of two")
    self.slotCount = slotCount
    slots = .allocate(capacity: slotCount)
    slots.initialize(repeating: Slot(), count: slotCount)
    bucketMask = slotCount / 2 - 1
    arenaCapacity = slotCount * 2
    arena.reserveCapacity(arenaCapacity)
  }

  deinit { slots.deallocate() }

  /// The key of the `count` bytes at `base + start`; `end` bounds what may be read.
  @inline(__always)
  static func key(_ base: UnsafeRawPointer, _ start: Int, count: Int, end: Int) -> Key {
    var low: UInt64 = 0
    var high: UInt64 = 0
    if start + 16 <= end {
      low = base.loadUnaligned(fromByteOffset: start, as: UInt64.self)
      if count < 8 {
        low &= (1 << (UInt64(count) * 8)) &- 1
      } else {
        high = base.loadUnaligned(fromByteOffset: start + 8, as: UInt64.self)
        high &= (1 << (UInt64(count - 8) * 8)) &- 1
      }
    } else {
      for i in 0..<count {
        let byte = UInt64(base.load(fromByteOffset: start + i, as: UInt8.self))
        if i < 8 { low |= byte << UInt64(i * 8) } else { high |= byte << UInt64(i * 8 - 64) }
      }
    }
    return Key(low: low, high: high | UInt64(count) << 56)
  }

  /// Writes the IDs of a chunk.
  ///
  /// - Parameters:
  ///   - key: The chunk.
  ///   - output: Room for ``maxIDs``; its first three places may be overwritten in any case.
  /// - Returns: How many IDs were written, -1 where the chunk is not in the cache.
  @inline(__always)
  func find(_ key: Key, into output: UnsafeMutablePointer<Int32>) -> Int {
    let bucket = slots + Self.bucket(of: key, mask: bucketMask)
    let slot: UnsafeMutablePointer<Slot>
    if bucket[0].low == key.low, bucket[0].high == key.high {
      slot = bucket
    } else if bucket[1].low == key.low, bucket[1].high == key.high {
      slot = bucket + 1
    } else {
      return -1
    }
    let count = Int(slot.pointee.count)
    if count <= 3 {
      (output[0], output[1], output[2]) = slot.pointee.ids
    } else {
      let start = Int(slot.pointee.ids.0)
      for i in 0..<count { output[i] = arena[start + i] }
    }
    return count
  }

  /// Keeps the IDs of a chunk; more than ``maxIDs`` are not kept.
  mutating func insert(_ key: Key, _ ids: ArraySlice<Int32>) {
    guard ids.count <= Self.maxIDs else { return }
    var slot = Slot(high: key.high, low: key.low, count: Int32(ids.count))
    let first = ids.startIndex
    if ids.count > 3 {
      if arena.count + ids.count > arenaCapacity { removeAll() }
      slot.ids.0 = Int32(arena.count)
      arena.append(contentsOf: ids)
    } else {
      if ids.count > 0 { slot.ids.0 = ids[first] }
      if ids.count > 1 { slot.ids.1 = ids[first + 1] }
      if ids.count > 2 { slot.ids.2 = ids[first + 2] }
    }
    let bucket = slots + Self.bucket(of: key, mask: bucketMask)
    if bucket[0].high != 0 { bucket[1] = bucket[0] }
    bucket[0] = slot
  }

  private mutating func removeAll() {
    slots.update(repeating: Slot(), count: slotCount)
    arena.removeAll(keepingCapacity: true)
  }

  @inline(__always)
  private static func bucket(of key: Key, mask: Int) -> Int {
    let mixed = (key.low ^ (key.high &* 0x9FB2_1C65_1E98_DF25)) &* 0x9E37_79B9_7F4A_7C15
    return (Int(truncatingIfNeeded: mixed >> 32) & mask) << 1
  }
}
