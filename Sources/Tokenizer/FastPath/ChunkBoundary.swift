/// The bytes at which the fast path cuts a text into chunks.
///
/// Space, tab, line feed and carriage return end a word whatever the normalizer's flags are. Other
/// control characters do not: `clean_text` deletes them, which joins their neighbours.
enum ChunkBoundary {
  private static let set: UInt64 = 1 << 0x20 | 1 << 0x09 | 1 << 0x0A | 1 << 0x0D

  @inline(__always)
  static func contains(_ byte: UInt8) -> Bool {
    byte <= 0x20 && set &>> UInt64(byte) & 1 != 0
  }

  /// How many bytes ``lowBytes(ofBlock:)`` looks at.
  static let blockBytes = 64

  /// One bit for each of 64 bytes, set where the byte is below 0x21.
  @inline(__always)
  static func lowBytes(ofBlock block: UnsafeRawPointer) -> UInt64 {
    var bits: UInt64 = 0
    for word in 0..<8 {
      let bytes = UInt64(
        littleEndian: block.loadUnaligned(fromByteOffset: word &* 8, as: UInt64.self))
      // Adding 0x5F carries into the top bit of every byte from 0x21 on; exact for every byte.
      let high = ((bytes & 0x7F7F_7F7F_7F7F_7F7F) &+ 0x5F5F_5F5F_5F5F_5F5F) | bytes
      let low = (~high & 0x8080_8080_8080_8080) &>> 7
      // The product brings the eight lowest bits of the bytes together in its top byte; eight of
      // those go through the result from its top down, which also keeps the loop scalar: without
      // a 64-bit vector product it is faster so.
      bits = bits &>> 8 | (low &* 0x0102_0408_1020_4080) & 0xFF00_0000_0000_0000
    }
    return bits
  }

  /// The first place from `start` that holds a boundary, or the end.
  static func next(in base: UnsafeRawPointer, from start: Int, end: Int) -> Int {
    var place = start
    while place + 8 <= end {
      let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: place, as: UInt64.self))
      // Exact for its lowest hit (the `hasless` test of Anderson's "Bit Twiddling Hacks").
      let low = (word &- 0x2121_2121_2121_2121) & ~word & 0x8080_8080_8080_8080
      if low == 0 {
        place += 8
        continue
      }
      place += low.trailingZeroBitCount >> 3
      if contains(base.load(fromByteOffset: place, as: UInt8.self)) { return place }
      place += 1
    }
    while place < end, !contains(base.load(fromByteOffset: place, as: UInt8.self)) { place += 1 }
    return place
  }
}
