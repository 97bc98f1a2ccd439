/// How often each distinct chunk of more than 15 bytes occurs.
///
/// Bounded: when it is full, what it holds has to be taken out. One caller at a time.
struct StringCounts: ~Copyable {
  /// The longest string that is worth keeping: longer ones hardly repeat.
  static let maxStringBytes = 64
  /// Most distinct strings.
  static let maxEntries = 1 << 18

  private var strings = ByteStringTable()
  private var counts: [UInt64] = []

  /// Whether nothing more may be added.
  var isFull: Bool { counts.count >= Self.maxEntries }

  /// Adds occurrences of a string.
  mutating func add(_ string: UnsafeRawBufferPointer, _ weight: UInt64) {
    let index = strings.insert(string)
    if index < counts.count { counts[index] &+= weight } else { counts.append(weight) }
  }

  /// Calls `body` with each string and its count, and forgets them.
  mutating func takeAll(_ body: (UnsafeRawBufferPointer, UInt64) -> Void) {
    for index in counts.indices {
      strings.withBytes(at: index) { body($0, counts[index]) }
    }
    strings.removeAll()
    counts.removeAll(keepingCapacity: true)
  }
}
