package import Kernels

/// How a student's distribution q is compared with the teacher's p; each is multiplied by T².
package enum Divergence: String, Codable, Sendable, CaseIterable {
  /// KL(p ‖ q): the student covers all that the teacher does. The default.
  case forward
  /// KL(q ‖ p): the student keeps to what the teacher finds likely.
  case reverse
  /// (KL(p ‖ m) + KL(q ‖ m)) / 2 with m = (p + q) / 2; at most log 2.
  case jensenShannon = "jensen-shannon"

  /// The kernel's name of it.
  package var kernel: SoftTargetLossKernels.Divergence {
    switch self {
    case .forward: .forward
    case .reverse: .reverse
    case .jensenShannon: .jensenShannon
    }
  }
}
