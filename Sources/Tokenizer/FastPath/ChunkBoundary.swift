/// The bytes at which the fast path cuts a text into chunks.
///
/// Space, tab, line feed and carriage return end a word whatever the normalizer's flags are. Other
/// control characters do not: `clean_text` deletes them, which joins their neighbours.
enum ChunkBoundary {
  @inline(__always)
  static func contains(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }

  /// The top bit of the lowest byte below 0x21 of a little-endian word; higher bytes may be wrong.
  ///
  /// - Source: The `hasless` test of Anderson's "Bit Twiddling Hacks"; exact for its lowest hit.
  @inline(__always)
  static func lowBytes(of word: UInt64) -> UInt64 {
    (word &- 0x2121_2121_2121_2121) & ~word & 0x8080_8080_8080_8080
  }

  /// The first place from `start` that holds a boundary, or the end.
  @inline(__always)
  static func next(
    in base: UnsafeRawPointer, from start: Int, end: Int
  ) -> Int {
    var place = start
    while place + 8 <= end {
      let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: place, as: UInt64.self))
      let low = lowBytes(of: word)
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
