/// A growing array of IDs or tokens on their way to the caller, written through a pointer.
///
/// Owns its memory; one caller at a time.
struct OutputBuffer<Element: BitwiseCopyable>: ~Copyable {
  /// The first element; moves when the buffer grows.
  private(set) var base: UnsafeMutablePointer<Element>
  /// How many elements there are.
  var count = 0
  private var capacity: Int

  init(capacity: Int) {
    self.capacity = capacity
    base = .allocate(capacity: capacity)
  }

  deinit { base.deallocate() }

  /// Sees to it that `extra` more elements have room.
  @inline(__always)
  mutating func reserve(_ extra: Int) {
    if count + extra > capacity { grow(extra) }
  }

  @inline(__always)
  mutating func append(_ element: Element) {
    reserve(1)
    base[count] = element
    count += 1
  }

  /// Hands all elements on and keeps the memory.
  mutating func drain(into array: inout [Element]) {
    array.append(contentsOf: UnsafeBufferPointer(start: base, count: count))
    count = 0
  }

  private mutating func grow(_ extra: Int) {
    let larger = max(capacity * 2, count + extra)
    let moved = UnsafeMutablePointer<Element>.allocate(capacity: larger)
    moved.moveInitialize(from: base, count: count)
    base.deallocate()
    (base, capacity) = (moved, larger)
  }
}
