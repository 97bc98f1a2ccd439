/// A bounded cache from chunks of at most 15 bytes to token IDs.
///
/// Keys are packed into 16 bytes with their length. Buckets of two 32-byte slots fill one cache
/// line; the older entry of a full bucket is dropped. Up to seven IDs of 16 bits or three of 32 lie
/// in the slot, more in an arena; when the arena is full the cache starts afresh. It begins small,
/// since a small table is near, and grows to its limit.
///
/// Owns its memory; one caller at a time.
struct ChunkCache: ~Copyable {
  /// A chunk of at most 15 bytes, with its length in the top byte.
  struct Key: BitwiseCopyable {
    var low: UInt64
    var high: UInt64

    @inline(__always)
    init(low: UInt64, high: UInt64) { (self.low, self.high) = (low, high) }

    /// The bits that are a chunk's own in the 16 bytes that begin with it.
    static func mask(count: Int) -> Key {
      func bits(_ bytes: Int) -> UInt64 { bytes >= 8 ? .max : (1 << UInt64(8 * max(bytes, 0))) - 1 }
      return Key(low: bits(count), high: bits(count - 8))
    }

    /// The key of the `count` bytes at `base`, 1 to 15, after which 16 bytes may be read; the mask
    /// is that of the count.
    @inline(__always)
    init(_ base: UnsafeRawPointer, count: Int, mask: Key) {
      let low = UInt64(littleEndian: base.loadUnaligned(as: UInt64.self))
      let high = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
      self.low = low & mask.low
      self.high = high & mask.high | UInt64(truncatingIfNeeded: count) &<< 56
    }

    /// The key of the `count` bytes at `base`, 1 to 15, of which `readable` may be read.
    init(_ base: UnsafeRawPointer, count: Int, readable: Int) {
      let mask = Self.mask(count: count)
      guard readable < 16 else {
        self.init(base, count: count, mask: mask)
        return
      }
      var copy: (UInt64, UInt64) = (0, 0)
      self = withUnsafeMutableBytes(of: &copy) { bytes in
        bytes.copyMemory(from: UnsafeRawBufferPointer(start: base, count: count))
        let first = UnsafeRawPointer(bytes.baseAddress)
        return first.map { Key($0, count: count, mask: mask) } ?? Key(low: 0, high: 0)
      }
    }

    /// The chunk's length in bytes.
    @inline(__always)
    var count: Int { Int(truncatingIfNeeded: high &>> 56) }
  }

  /// The longest chunk that has a key, in bytes.
  static let maxKeyBytes = 15
  /// Most IDs that one entry may have; a chunk has no more IDs than bytes, or one.
  static let maxIDs = maxKeyBytes

  private struct Slot: BitwiseCopyable {
    var low: UInt64 = 0
    /// Length in the top byte; a free slot has 0, which no chunk has.
    var high: UInt64 = 0
    /// IDs, or the place in the arena where there are too many; their count in the last lane.
    var payload = SIMD8<UInt16>(repeating: 0)

    var count: Int { Int(payload[7]) }

    /// The first lanes as numbers of 32 bits.
    var numbers: SIMD4<UInt32> {
      get { unsafeBitCast(payload, to: SIMD4<UInt32>.self) }
      set {
        let count = payload[7]
        payload = unsafeBitCast(newValue, to: SIMD8<UInt16>.self)
        payload[7] = count
      }
    }
  }

  /// Room for the limit from the start; the system gives it as it is touched.
  private let memory: ZeroedMemory
  private let slots: UnsafeMutablePointer<Slot>
  private var slotCount: Int
  /// The number of an even slot: all bits of a slot's number but the lowest.
  private var pairMask: UInt64
  private let slotLimit: Int
  /// Whether all IDs are below 2^16.
  let isNarrow: Bool
  private var entries = 0
  private var arena: [Int32] = []

  /// An empty cache.
  ///
  /// - Parameters:
  ///   - slotCount: Entries to begin with, a power of two of at least 4; 32 bytes each.
  ///   - limit: Entries at most, a power of two.
  ///   - isNarrow: Whether all IDs are below 2^16.
  init(slotCount: Int, limit: Int, isNarrow: Bool) {
    precondition(slotCount >= 4 && slotCount & (slotCount - 1) == 0, "a power of two from 4")
    precondition(limit >= slotCount && limit & (limit - 1) == 0, "a power of two")
    slotLimit = limit
    self.isNarrow = isNarrow
    self.slotCount = slotCount
    pairMask = UInt64(slotCount - 2)
    memory = ZeroedMemory(byteCount: limit * MemoryLayout<Slot>.stride)
    slots = memory.base.bindMemory(to: Slot.self, capacity: limit)
  }

  /// Makes the cache larger where that is due; buckets are others after that.
  @inline(__always)
  mutating func growIfFull() {
    if entries > 3 * slotCount / 8, slotCount < slotLimit { grow() }
  }

  /// Twice as many slots: of each bucket's entries some stay, the others go to its counterpart in
  /// the new half, which has no other.
  private mutating func grow() {
    let half = slotCount
    slotCount *= 2
    pairMask = UInt64(slotCount - 2)
    entries = 0
    for first in stride(from: 0, to: half, by: 2) where slots[first].high != 0 {
      let (newer, older) = (slots[first], slots[first + 1])
      slots[first] = Slot()
      slots[first + 1] = Slot()
      if older.high != 0 { put(older) }
      put(newer)
    }
  }

  /// The place where a key is kept, if it is, until the cache grows.
  @inline(__always)
  func bucket(of key: Key) -> UnsafeMutableRawPointer {
    let mixed = (key.low ^ (key.high &>> 29 | key.high &<< 35)) &* 0x9E37_79B9_7F4A_7C15
    return UnsafeMutableRawPointer(slots + Int(truncatingIfNeeded: mixed &>> 32 & pairMask))
  }

  /// What ``find(_:in:into:)`` says of a chunk that is not in the cache.
  static let missing = -1

  /// Most IDs that lie in a slot.
  @inline(__always)
  static func inlineIDs(isNarrow: Bool) -> Int { isNarrow ? 7 : 3 }

  /// Writes the IDs of a chunk that are in its slot.
  ///
  /// Static, so that a loop over chunks keeps nothing of the cache in registers.
  ///
  /// - Parameters:
  ///   - key: The chunk.
  ///   - bucket: Its bucket.
  ///   - isNarrow: Whether the cache's IDs are below 2^16.
  ///   - output: Room for eight IDs where they are, else for three; may be overwritten in any case.
  /// - Returns: How many IDs the chunk has, or ``missing``. More than ``inlineIDs(isNarrow:)`` are
  ///   yet to be copied, see ``copyIDs(in:key:into:)``.
  @inline(__always)
  static func find(
    _ key: Key, in bucket: UnsafeMutableRawPointer, isNarrow: Bool,
    into output: UnsafeMutablePointer<Int32>
  ) -> Int {
    let pair = bucket.assumingMemoryBound(to: Slot.self)
    // The slot is chosen without a branch, which would be mispredicted often, and checked after.
    let difference = (pair[0].low ^ key.low) | (pair[0].high ^ key.high)
    let slot = pair + (difference == 0 ? 0 : 1)
    if isNarrow {
      UnsafeMutableRawPointer(output).storeBytes(
        of: SIMD8<Int32>(truncatingIfNeeded: slot.pointee.payload), as: SIMD8<Int32>.self)
    } else {
      let numbers = slot.pointee.numbers
      output[0] = Int32(bitPattern: numbers[0])
      output[1] = Int32(bitPattern: numbers[1])
      output[2] = Int32(bitPattern: numbers[2])
    }
    let isFound = slot.pointee.low == key.low && slot.pointee.high == key.high
    return isFound ? slot.pointee.count : missing
  }

  /// Writes the IDs of a chunk that is in the cache and has more than lie in a slot.
  func copyIDs(
    in bucket: UnsafeMutableRawPointer, key: Key, into output: UnsafeMutablePointer<Int32>
  ) {
    let pair = bucket.assumingMemoryBound(to: Slot.self)
    let slot = pair[0].low == key.low && pair[0].high == key.high ? pair[0] : pair[1]
    let start = Int(slot.numbers[0])
    for i in 0..<slot.count { output[i] = arena[start + i] }
  }

  /// Keeps the IDs of a chunk; more than ``maxIDs`` are not kept.
  mutating func insert(_ key: Key, _ ids: UnsafePointer<Int32>, count: Int) {
    guard count <= Self.maxIDs else { return }
    var slot = Slot(low: key.low, high: key.high)
    if count > Self.inlineIDs(isNarrow: isNarrow) {
      if arena.count + count > 2 * slotLimit { removeAll() }
      slot.numbers[0] = UInt32(arena.count)
      arena.append(contentsOf: UnsafeBufferPointer(start: ids, count: count))
    } else if isNarrow {
      for i in 0..<count { slot.payload[i] = UInt16(truncatingIfNeeded: ids[i]) }
    } else {
      for i in 0..<count { slot.numbers[i] = UInt32(bitPattern: ids[i]) }
    }
    slot.payload[7] = UInt16(count)
    put(slot)
  }

  /// Keeps three numbers of 32 bits, and a count, at most 3, that is said when the chunk is found.
  ///
  /// - Precondition: The cache is not narrow.
  mutating func insert(_ key: Key, _ numbers: (Int32, Int32, Int32), count: Int) {
    precondition(!isNarrow, "numbers of 32 bits need a wide cache")
    var slot = Slot(low: key.low, high: key.high)
    slot.numbers = SIMD4(
      UInt32(bitPattern: numbers.0), UInt32(bitPattern: numbers.1), UInt32(bitPattern: numbers.2), 0
    )
    slot.payload[7] = UInt16(count)
    put(slot)
  }

  private mutating func put(_ slot: Slot) {
    let bucket = bucket(of: Key(low: slot.low, high: slot.high))
    let pair = bucket.assumingMemoryBound(to: Slot.self)
    if pair[1].high == 0 { entries += 1 }
    if pair[0].high != 0 { pair[1] = pair[0] }
    pair[0] = slot
  }

  /// Empties the cache.
  mutating func removeAll() {
    slots.update(repeating: Slot(), count: slotCount)
    arena.removeAll(keepingCapacity: true)
    entries = 0
  }
}
