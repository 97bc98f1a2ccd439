/// A growing array of IDs, written through a pointer.
///
/// Owns its memory; one caller at a time.
struct IDBuffer: ~Copyable {
  /// The first ID; moves when the buffer grows.
  private(set) var base: UnsafeMutablePointer<Int32>
  /// How many IDs there are.
  var count = 0
  private var capacity: Int

  init(capacity: Int) {
    self.capacity = capacity
    base = .allocate(capacity: capacity)
  }

  deinit { base.deallocate() }

  /// Sees to it that `extra` more IDs have room.
  @inline(__always)
  mutating func reserve(_ extra: Int) {
    if count + extra > capacity { grow(extra) }
  }

  @inline(__always)
  mutating func append(_ id: Int32) {
    reserve(1)
    base[count] = id
    count += 1
  }

  private mutating func grow(_ extra: Int) {
    let larger = max(capacity * 2, count + extra)
    let moved = UnsafeMutablePointer<Int32>.allocate(capacity: larger)
    moved.moveInitialize(from: base, count: count)
    base.deallocate()
    (base, capacity) = (moved, larger)
  }
}
