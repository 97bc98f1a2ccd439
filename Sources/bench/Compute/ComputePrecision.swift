import Kernels
import Transformer

/// The arithmetic of a model's products.
enum ComputePrecision: String, Codable {
  case fp32
  /// Factors of bf16, sums of fp32; in training, master weights of fp32.
  case bf16

  /// Ours.
  var kernels: Precision { self == .fp32 ? .fp32 : .bf16 }

  /// Has a model multiply in this.
  func apply(to model: MaskedLanguageModel) { model.precision = kernels }

  /// How far an output may be from the same in another program: of values near 1, or relative.
  var tolerance: Double { self == .fp32 ? 1e-3 : 5e-2 }

  /// The rougher of two.
  static func rougher(_ a: ComputePrecision, _ b: ComputePrecision) -> ComputePrecision {
    a == .bf16 ? a : b
  }
}
