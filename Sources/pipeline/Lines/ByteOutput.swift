/// Bytes on their way to standard output, written through a pointer.
///
/// Owns its memory; one thread at a time.
final class ByteOutput {
  /// The first byte; moves when there is more to come.
  private(set) var base: UnsafeMutableRawPointer
  /// How many bytes there are.
  var count = 0
  private var capacity: Int

  init(capacity: Int = 1 << 16) {
    self.capacity = capacity
    base = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit { base.deallocate() }

  /// The bytes, until more are written.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// Sees to it that `extra` more bytes have room.
  func reserve(_ extra: Int) {
    guard count + extra > capacity else { return }
    let larger = max(capacity * 2, count + extra)
    let moved = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
    moved.copyMemory(from: base, byteCount: count)
    base.deallocate()
    (base, capacity) = (moved, larger)
  }

  /// Appends a byte.
  func append(_ byte: UInt8) {
    reserve(1)
    base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count += 1
  }

  /// Appends bytes.
  func append(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress else { return }
    reserve(bytes.count)
    (base + count).copyMemory(from: start, byteCount: bytes.count)
    count += bytes.count
  }

  /// Appends the bytes of a literal.
  func append(_ text: StaticString) {
    text.withUTF8Buffer { append(UnsafeRawBufferPointer($0)) }
  }

  /// Appends the bytes of an array.
  func append(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { append($0) }
  }

  /// Appends a number in decimal.
  func append(_ number: UInt32) {
    guard number >= 10 else { return append(UInt8(ascii: "0") + UInt8(number)) }
    var count = 0
    var power: UInt32 = 1
    var rest = number
    while rest > 0 {
      count += 1
      rest /= 10
      if rest > 0 { power *= 10 }
    }
    reserve(count)
    rest = number
    for place in 0..<count {
      base.storeBytes(
        of: UInt8(ascii: "0") + UInt8(rest / power), toByteOffset: self.count + place,
        as: UInt8.self)
      rest %= power
      power /= 10
    }
    self.count += count
  }
}
