import Kernels

extension StepProfile.Part {
  /// What tables call it.
  var name: String {
    switch self {
    case .products: "products"
    case .attention: "attention"
    case .elementwise: "norms and activations"
    case .headAndLoss: "head and loss"
    case .optimizer: "optimiser"
    case .data: "data"
    }
  }
}
