import Synchronization

/// Counts the blocks of memory that numbers live in, so that tests can show that a step of training
/// takes what was planned, and no more once its shape is known.
package enum Allocations {
  private static let counter = Atomic<Int>(0)
  private static let byteCounter = Atomic<Int>(0)

  /// Blocks allocated by this process so far.
  package static var count: Int { counter.load(ordering: .relaxed) }

  /// Bytes of them, of those that were freed too.
  package static var bytes: Int { byteCounter.load(ordering: .relaxed) }

  /// A zeroed block, aligned to a cache line; the caller frees it.
  static func allocate(bytes: Int) -> UnsafeMutableRawPointer {
    counter.add(1, ordering: .relaxed)
    byteCounter.add(bytes, ordering: .relaxed)
    let size = max(bytes, 64)
    let block = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
    block.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    return block
  }
}
