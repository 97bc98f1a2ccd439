import COneDNN
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// oneDNN's products of strided matrices, where the library has kernels for this processor.
///
/// A product's primitive is compiled for its shape (0.3 ms) and kept. Each runs on the thread that
/// calls it; `MatrixProduct` and `Attention` divide the work.
enum OneDNN {
  /// The instructions that oneDNN uses here, as far as they matter; `ONEDNN_MAX_CPU_ISA` limits them.
  private static let instructions: UInt32 = {
    #if arch(x86_64)
      return dnnl_get_effective_cpu_isa().rawValue
    #else
      return 0
    #endif
  }()

  private static func has(_ isa: dnnl_cpu_isa_t) -> Bool {
    instructions & isa.rawValue == isa.rawValue
  }

  /// True where its products are the fastest at hand: from AVX-512 on. Elsewhere it multiplies bf16
  /// with reference loops, and single precision no better than OpenBLAS.
  static let isUsed = engine != nil && has(dnnl_cpu_isa_avx512_core)

  /// True where the processor multiplies bf16 itself; with AVX-512 alone oneDNN emulates it.
  static let multipliesBFloat16 = isUsed && has(dnnl_cpu_isa_avx512_core_bf16)

  /// For example `oneDNN 2.6.3 avx512_bf16`, or nil where it is not used.
  static let name: String? = {
    guard isUsed, let version = dnnl_version()?.pointee else { return nil }
    return "oneDNN \(version.major).\(version.minor).\(version.patch) "
      + (multipliesBFloat16 ? "avx512_bf16" : "avx512")
  }()

  nonisolated(unsafe) static let engine: dnnl_engine_t? = {  // the library locks it
    var engine: dnnl_engine_t?
    return dnnl_engine_create(&engine, dnnl_cpu, 0) == dnnl_success ? engine : nil
  }()

  /// Builds with OpenMP ask it for threads; other builds have no such function, and need none.
  private static let setOpenMPThreads: (@convention(c) (Int32) -> Void)? = {
    guard let symbol = dlsym(nil, "omp_set_num_threads") else { return nil }
    return unsafeBitCast(symbol, to: (@convention(c) (Int32) -> Void).self)
  }()

  /// Keeps what follows on the calling thread.
  static func useOneThread() { setOpenMPThreads?(1) }

  private static let prepared = Mutex<[ProductShape: OneDNNProduct]>([:])
  /// Shapes kept: batches of real text come in many lengths.
  private static let limit = 2048

  /// The product of a shape, made at its first use.
  static func product(_ shape: ProductShape, weights: OneDNNProduct? = nil) -> OneDNNProduct {
    prepared.withLock { prepared in
      if let product = prepared[shape] { return product }
      if prepared.count >= limit { prepared.removeAll() }
      let product = OneDNNProduct(shape, weights: weights)
      prepared[shape] = product
      return product
    }
  }
}
