/// Owns one block of floats, zeroed at first and aligned to a cache line.
///
/// The owner decides which thread writes; views (`Matrix`) must not outlive it.
package final class FloatBuffer: @unchecked Sendable {  // the owner keeps writers apart
  /// Number of floats.
  package let count: Int
  /// The first float.
  package let base: UnsafeMutablePointer<Float>

  /// Allocates `count` zeros.
  package init(count: Int) {
    precondition(count >= 0, "a buffer cannot hold \(count) floats")
    self.count = count
    let raw = Allocations.allocate(bytes: count * MemoryLayout<Float>.stride)
    base = raw.bindMemory(to: Float.self, capacity: max(count, 1))
  }

  deinit {
    UnsafeMutableRawPointer(base).deallocate()
  }

  /// Sets every float to zero.
  package func zero() {
    base.update(repeating: 0, count: count)
  }

  /// All floats.
  package var elements: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: base, count: count)
  }
}
