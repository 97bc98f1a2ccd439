import CKernels
import COpenBLAS

#if canImport(Glibc)
  import Glibc
#endif

/// Starts OpenBLAS with the kernels that fit the processor.
///
/// OpenBLAS picks kernels by a table of processor names made before the newest ones, and takes an
/// AVX-512 machine that it does not know for a Haswell, at half the speed. So, before the first
/// product and only there, the choice is made again with `OPENBLAS_CORETYPE` set.
package enum OpenBLAS {
  /// The kernels in use, such as `SkylakeX`.
  package static let kernels: String = start()

  /// The kernels' name alone.
  static var name: String {
    _ = kernels
    return coreName()
  }

  private static func coreName() -> String {
    guard let name = openblas_get_corename() else { return "unknown" }
    return String(cString: name)
  }

  private static func start() -> String {
    // Threads belong to `Parallel`; a product runs on the thread that calls it.
    defer { openblas_set_num_threads(1) }
    let lesser: Set<String> = ["Haswell", "Zen", "Sandybridge", "Prescott", "Core2", "Nehalem"]
    guard lesser.contains(coreName()), processorHasAVX512() else { return coreName() }
    // Who sets the variable means it; but it may also come with a cluster's defaults.
    guard getenv("OPENBLAS_CORETYPE") == nil else {
      return "\(coreName()) as OPENBLAS_CORETYPE says (unset it for this processor's own, "
        + "about twice as fast)"
    }
    setenv("OPENBLAS_CORETYPE", "SkylakeX", 1)
    gotoblas_dynamic_quit()
    gotoblas_dynamic_init()
    return coreName()
  }

  /// AVX-512 F, DQ, BW, VL and CD, which the SkylakeX kernels use.
  private static func processorHasAVX512() -> Bool {
    #if arch(x86_64)
      return decant_has_avx512() != 0
    #else
      return false
    #endif
  }
}
