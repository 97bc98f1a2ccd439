#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A bounded cache from chunks of 16 to 64 bytes to numbers, such as token IDs.
///
/// Slots in pairs, the older of a full pair is dropped; texts and numbers lie in arenas, and when one
/// is full the cache starts afresh.
///
/// Owns its memory; one caller at a time.
struct LongChunkCache: ~Copyable {
  /// The lengths of chunks that are kept, in bytes.
  static let keyBytes = 16...64
  /// Most numbers that one entry may have.
  let maxNumbers: Int

  private struct Slot: BitwiseCopyable {
    /// The text's hash, 0 for a free slot.
    var hash: UInt64 = 0
    var textStart: UInt32 = 0
    var numberStart: UInt32 = 0
    var textCount: UInt16 = 0
    var numberCount: UInt16 = 0
  }

  private let memory: ZeroedMemory
  private let slots: UnsafeMutablePointer<Slot>
  private let slotCount: Int
  private let texts: UnsafeMutablePointer<UInt8>
  private let numbers: UnsafeMutablePointer<Int32>
  private var textCount = 0
  private var numberCount = 0
  private let textCapacity: Int
  private let numberCapacity: Int

  /// An empty cache.
  ///
  /// - Parameters:
  ///   - slotCount: Entries, a power of two of at least 2; about 50 bytes each, and their numbers.
  ///   - maxNumbers: Most numbers that one entry may have; there is room for an eighth on average.
  init(slotCount: Int, maxNumbers: Int) {
    precondition(slotCount >= 2 && slotCount & (slotCount - 1) == 0, "a power of two from 2")
    self.slotCount = slotCount
    memory = ZeroedMemory(byteCount: slotCount * MemoryLayout<Slot>.stride)
    slots = memory.base.bindMemory(to: Slot.self, capacity: slotCount)
    textCapacity = slotCount * 28
    numberCapacity = slotCount * maxNumbers / 8
    self.maxNumbers = maxNumbers
    texts = .allocate(capacity: textCapacity)
    numbers = .allocate(capacity: numberCapacity)
  }

  deinit {
    texts.deallocate()
    numbers.deallocate()
  }

  /// The hash of a chunk, never 0.
  static func hash(_ base: UnsafeRawPointer, count: Int) -> UInt64 {
    func word(_ place: Int) -> UInt64 {
      UInt64(littleEndian: base.loadUnaligned(fromByteOffset: place, as: UInt64.self))
    }
    var hash = UInt64(count) &* 0x9E37_79B9_7F4A_7C15
    var place = 0
    while place + 8 < count {
      hash = (hash ^ word(place)) &* 0x9FB2_1C65_1E98_DF25
      hash ^= hash >> 32
      place += 8
    }
    // The last eight bytes may have been read before: chunks have at least 16.
    hash = (hash ^ word(count - 8)) &* 0x9E37_79B9_7F4A_7C15
    return (hash ^ hash >> 29) | 1
  }

  /// Writes the numbers of a chunk to `output`, which has room for ``maxNumbers``.
  ///
  /// - Returns: How many were written, -1 where the chunk is not in the cache.
  func find(
    _ base: UnsafeRawPointer, count: Int, hash: UInt64, into output: UnsafeMutablePointer<Int32>
  ) -> Int {
    let pair = pair(of: hash)
    for i in 0..<2 where pair[i].hash == hash {
      let slot = pair[i]
      guard Int(slot.textCount) == count, memcmp(base, texts + Int(slot.textStart), count) == 0
      else { continue }
      output.update(from: numbers + Int(slot.numberStart), count: Int(slot.numberCount))
      return Int(slot.numberCount)
    }
    return -1
  }

  /// Keeps the numbers of a chunk; more than ``maxNumbers`` are not kept.
  mutating func insert(
    _ base: UnsafeRawPointer, count: Int, hash: UInt64, _ found: UnsafePointer<Int32>,
    numberCount foundCount: Int
  ) {
    guard foundCount <= maxNumbers else { return }
    if textCount + count > textCapacity || numberCount + foundCount > numberCapacity { removeAll() }
    let slot = Slot(
      hash: hash, textStart: UInt32(textCount), numberStart: UInt32(numberCount),
      textCount: UInt16(count), numberCount: UInt16(foundCount))
    memcpy(texts + textCount, base, count)
    (numbers + numberCount).update(from: found, count: foundCount)
    textCount += count
    numberCount += foundCount
    let pair = pair(of: hash)
    pair[1] = pair[0]
    pair[0] = slot
  }

  private mutating func removeAll() {
    slots.update(repeating: Slot(), count: slotCount)
    (textCount, numberCount) = (0, 0)
  }

  private func pair(of hash: UInt64) -> UnsafeMutablePointer<Slot> {
    slots + Int(truncatingIfNeeded: hash >> 20) & (slotCount - 2)
  }
}
