#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A bounded cache from chunks of 16 to 64 bytes to token IDs.
///
/// Slots in pairs, the older of a full pair is dropped; texts and IDs lie in arenas, and when one
/// is full the cache starts afresh.
///
/// Owns its memory; one caller at a time.
struct LongChunkCache: ~Copyable {
  /// The lengths of chunks that are kept, in bytes.
  static let keyBytes = 16...64
  /// Most IDs that one entry may have; a chunk has no more IDs than bytes, or one.
  static let maxIDs = keyBytes.upperBound

  private struct Slot: BitwiseCopyable {
    /// The text's hash, 0 for a free slot.
    var hash: UInt64 = 0
    var textStart: UInt32 = 0
    var idStart: UInt32 = 0
    var textCount: UInt16 = 0
    var idCount: UInt16 = 0
  }

  private let memory: ZeroedMemory
  private let slots: UnsafeMutablePointer<Slot>
  private let slotCount: Int
  private let texts: UnsafeMutablePointer<UInt8>
  private let ids: UnsafeMutablePointer<Int32>
  private var textCount = 0
  private var idCount = 0
  private let textCapacity: Int
  private let idCapacity: Int

  /// An empty cache.
  ///
  /// - Parameter slotCount: Entries, a power of two of at least 2; about 80 bytes each.
  init(slotCount: Int) {
    precondition(slotCount >= 2 && slotCount & (slotCount - 1) == 0, "a power of two from 2")
    self.slotCount = slotCount
    memory = ZeroedMemory(byteCount: slotCount * MemoryLayout<Slot>.stride)
    slots = memory.base.bindMemory(to: Slot.self, capacity: slotCount)
    textCapacity = slotCount * 28
    idCapacity = slotCount * 8
    texts = .allocate(capacity: textCapacity)
    ids = .allocate(capacity: idCapacity)
  }

  deinit {
    texts.deallocate()
    ids.deallocate()
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

  /// Writes the IDs of a chunk to `output`, which has room for ``maxIDs``.
  ///
  /// - Returns: How many IDs were written, -1 where the chunk is not in the cache.
  func find(
    _ base: UnsafeRawPointer, count: Int, hash: UInt64, into output: UnsafeMutablePointer<Int32>
  ) -> Int {
    let pair = pair(of: hash)
    for i in 0..<2 where pair[i].hash == hash {
      let slot = pair[i]
      guard Int(slot.textCount) == count, memcmp(base, texts + Int(slot.textStart), count) == 0
      else { continue }
      output.update(from: ids + Int(slot.idStart), count: Int(slot.idCount))
      return Int(slot.idCount)
    }
    return -1
  }

  /// Keeps the IDs of a chunk; more than ``maxIDs`` are not kept.
  mutating func insert(
    _ base: UnsafeRawPointer, count: Int, hash: UInt64, _ found: UnsafePointer<Int32>,
    idCount foundCount: Int
  ) {
    guard foundCount <= Self.maxIDs else { return }
    if textCount + count > textCapacity || idCount + foundCount > idCapacity { removeAll() }
    let slot = Slot(
      hash: hash, textStart: UInt32(textCount), idStart: UInt32(idCount),
      textCount: UInt16(count), idCount: UInt16(foundCount))
    memcpy(texts + textCount, base, count)
    (ids + idCount).update(from: found, count: foundCount)
    textCount += count
    idCount += foundCount
    let pair = pair(of: hash)
    pair[1] = pair[0]
    pair[0] = slot
  }

  private mutating func removeAll() {
    slots.update(repeating: Slot(), count: slotCount)
    (textCount, idCount) = (0, 0)
  }

  private func pair(of hash: UInt64) -> UnsafeMutablePointer<Slot> {
    slots + Int(truncatingIfNeeded: hash >> 20) & (slotCount - 2)
  }
}
