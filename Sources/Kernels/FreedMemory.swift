import CKernels

/// What becomes of memory that is freed.
package enum FreedMemory {
  /// Lets the process keep up to 64 MB of it for the next allocation.
  ///
  /// By itself glibc gives the arrays of each cache block back to the system and takes fresh pages for
  /// the next one, each of which faults. To be called once, at the start of a program.
  package static func keep() {
    // 32 MB is the most that glibc takes; larger arrays are mapped by themselves.
    decant_keep_freed_memory(64 << 20, 32 << 20)
  }
}
