#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A block of zeroed memory for a cache, taken from the system as it is touched.
///
/// Owns the memory. Large blocks ask for huge pages: a look-up in a cache of small ones waits for
/// the page table, too.
struct ZeroedMemory: ~Copyable {
  /// The first byte, at a page's start.
  let base: UnsafeMutableRawPointer
  private let mapping: UnsafeMutableRawPointer
  private let mappedBytes: Int

  private static let hugePageBytes = 1 << 21

  init(byteCount: Int) {
    mappedBytes = byteCount + (byteCount >= Self.hugePageBytes ? Self.hugePageBytes : 0)
    guard
      let mapping = mmap(
        nil, mappedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0
      ),
      mapping != MAP_FAILED
    else { fatalError("no memory for \(byteCount) bytes of a tokenizer's cache") }
    self.mapping = mapping
    guard byteCount >= Self.hugePageBytes else {
      base = mapping
      return
    }
    base = mapping.alignedUp(toMultipleOf: Self.hugePageBytes)
    #if os(Linux)
      // A system without them gives small ones.
      _ = madvise(base, byteCount, MADV_HUGEPAGE)
    #endif
  }

  deinit { munmap(mapping, mappedBytes) }
}
