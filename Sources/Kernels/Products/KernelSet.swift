import CKernels

/// The kernels that this process runs. They decide in which order numbers are summed, so another set
/// gives other last bits.
package enum KernelSet {
  /// For example `oneDNN 2.6.3 avx512_bf16, C avx512f`, or `OpenBLAS Haswell, C avx2`.
  package static let name: String = {
    let clones = ["default", "avx2", "avx512f"]
    return "\(OneDNN.name ?? "OpenBLAS \(OpenBLAS.name)"), C \(clones[Int(decant_clone())])"
  }()

  /// What to tell at the start of a command: the products' library, and how to mend a slow choice.
  package static let products = OneDNN.name ?? "OpenBLAS \(OpenBLAS.kernels)"
}
