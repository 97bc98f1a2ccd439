import Transformer

/// The arithmetic of a model's products.
enum ComputePrecision: String, Encodable {
  case fp32
  /// Factors of bf16, sums of fp32; in training, master weights of fp32.
  case bf16

  /// What our program computes in where this is asked for: the one place that knows what is there.
  var ours: ComputePrecision { .fp32 }

  /// Has a model compute in what `ours` says.
  func apply(to model: MaskedLanguageModel) {}

  /// How far an output may be from the same in another program: of values near 1, or relative.
  var tolerance: Double { self == .fp32 ? 1e-3 : 5e-2 }

  /// The rougher of two.
  static func rougher(_ a: ComputePrecision, _ b: ComputePrecision) -> ComputePrecision {
    a == .bf16 ? a : b
  }
}
