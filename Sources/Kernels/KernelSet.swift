import CKernels

/// The kernels that this process runs. They decide in which order numbers are summed, so another set
/// gives other last bits.
package enum KernelSet {
  /// For example `OpenBLAS SkylakeX, C avx512f`.
  package static let name: String = {
    let clones = ["default", "avx2", "avx512f"]
    return "OpenBLAS \(OpenBLAS.name), C \(clones[Int(decant_clone())])"
  }()
}
