import Foundation

/// Distinct byte strings, numbered in order of arrival.
///
/// Owns its memory; one caller at a time. At most 2^31 - 1 strings.
struct ByteStringTable: ~Copyable {
  private struct Slot {
    /// Index of the string, -1 where the slot is free.
    var index: Int32 = -1
    /// Upper half of the string's hash.
    var tag: UInt32 = 0
  }

  /// All strings, one after another.
  private(set) var bytes: [UInt8] = []
  /// Where each string begins, and at last where the next one will.
  private(set) var starts: [Int] = [0]
  private var slots: UnsafeMutablePointer<Slot>
  private var slotCount: Int
  /// Differs from run to run, so that no text can be made to collide; no result depends on it.
  private let seed = UInt64.random(in: .min ... .max)

  /// An empty table.
  init() {
    slotCount = 1 << 10
    slots = .allocate(capacity: slotCount)
    slots.initialize(repeating: Slot(), count: slotCount)
  }

  deinit { slots.deallocate() }

  /// How many strings there are.
  var count: Int { starts.count - 1 }

  /// The bytes of a string.
  func withBytes<Result>(
    at index: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    try bytes.withUnsafeBytes {
      try body(UnsafeRawBufferPointer(rebasing: $0[starts[index]..<starts[index + 1]]))
    }
  }

  /// The index of a string, nil where the table does not have it.
  func index(of string: UnsafeRawBufferPointer) -> Int? {
    let slot = slot(of: string, hash: Self.hash(string, seed: seed))
    return slots[slot].index < 0 ? nil : Int(slots[slot].index)
  }

  /// The index of a string, which is put in where it is missing.
  mutating func insert(_ string: UnsafeRawBufferPointer) -> Int {
    let hash = Self.hash(string, seed: seed)
    let slot = slot(of: string, hash: hash)
    if slots[slot].index >= 0 { return Int(slots[slot].index) }
    let index = count
    precondition(index < Int32.max, "a table of too many strings")
    bytes.append(contentsOf: string)
    starts.append(bytes.count)
    slots[slot] = Slot(index: Int32(index), tag: UInt32(truncatingIfNeeded: hash >> 32))
    if 2 * count > slotCount { grow() }
    return index
  }

  /// Forgets all strings.
  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    starts = [0]
    slots.update(repeating: Slot(), count: slotCount)
  }

  /// The slot of a string, or the free one that it would take.
  private func slot(of string: UnsafeRawBufferPointer, hash: UInt64) -> Int {
    let tag = UInt32(truncatingIfNeeded: hash >> 32)
    var place = Int(truncatingIfNeeded: hash) & (slotCount - 1)
    while slots[place].index >= 0 {
      if slots[place].tag == tag, isEqual(Int(slots[place].index), string) { return place }
      place = (place + 1) & (slotCount - 1)
    }
    return place
  }

  private func isEqual(_ index: Int, _ string: UnsafeRawBufferPointer) -> Bool {
    guard starts[index + 1] - starts[index] == string.count else { return false }
    guard let other = string.baseAddress else { return true }
    return bytes.withUnsafeBytes { all in
      guard let base = all.baseAddress else { return string.isEmpty }
      return memcmp(base + starts[index], other, string.count) == 0
    }
  }

  private mutating func grow() {
    slots.deallocate()
    slotCount *= 2
    slots = .allocate(capacity: slotCount)
    slots.initialize(repeating: Slot(), count: slotCount)
    for index in 0..<count {
      let hash = withBytes(at: index) { Self.hash($0, seed: seed) }
      var place = Int(truncatingIfNeeded: hash) & (slotCount - 1)
      while slots[place].index >= 0 { place = (place + 1) & (slotCount - 1) }
      slots[place] = Slot(index: Int32(index), tag: UInt32(truncatingIfNeeded: hash >> 32))
    }
  }

  private static func hash(_ string: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
    var hash = seed ^ UInt64(string.count)
    var place = 0
    while place + 8 <= string.count {
      hash = mixed(hash ^ string.loadUnaligned(fromByteOffset: place, as: UInt64.self))
      place += 8
    }
    var tail: UInt64 = 0
    while place < string.count {
      tail = tail << 8 | UInt64(string[place])
      place += 1
    }
    return mixed(hash ^ tail)
  }

  /// Spreads every bit over all: the two halves of a product with a large odd number.
  @inline(__always)
  static func mixed(_ value: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    return product.high ^ product.low
  }
}
