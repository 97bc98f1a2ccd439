/// The number format that products multiply; they always sum in single precision.
package enum Precision: String, Sendable, Codable, CaseIterable {
  /// IEEE single precision.
  case fp32
  /// bfloat16, the upper half of single precision: twice the speed where the processor has it.
  case bf16

  /// bf16 where this processor multiplies it faster than single precision.
  package static let preferred: Precision = OneDNN.multipliesBFloat16 ? .bf16 : .fp32

  /// Bytes of a number.
  package var elementBytes: Int { self == .fp32 ? 4 : 2 }
}
