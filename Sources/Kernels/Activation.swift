import CKernels

/// The function between the two feed-forward products.
package enum Activation: String, Sendable, Codable {
  /// x Φ(x) with the error function, `gelu` in Hugging Face configurations.
  case geluErf
  /// The tanh approximation, `gelu_new` and `gelu_pytorch_tanh`.
  case geluTanh
  /// max(x, 0).
  case relu

  private var kind: Int32 {
    switch self {
    case .geluErf: Int32(DECANT_GELU_ERF.rawValue)
    case .geluTanh: Int32(DECANT_GELU_TANH.rawValue)
    case .relu: Int32(DECANT_RELU.rawValue)
    }
  }

  /// y = f(x + bias); `x` is left as x + bias, which `backward` needs.
  ///
  /// - Parameters:
  ///   - x: `[rows, columns]`.
  ///   - bias: `[columns]`.
  ///   - y: `[rows, columns]`.
  package func forward(_ x: Matrix, bias: UnsafePointer<Float>, into y: Matrix) {
    precondition(x.rows == y.rows && x.columns == y.columns, "shapes of x and y differ")
    Parallel.forEach(x.rows, grain: 8) { part in
      decant_bias_activation(
        x.rows(part).base, bias, y.rows(part).base, part.count, x.columns, kind)
    }
  }

  /// Replaces `dy` by dx = dy · f'(x), with the `x` that `forward` left.
  package func backward(_ dy: Matrix, x: Matrix) {
    precondition(x.rows == dy.rows && x.columns == dy.columns, "shapes of x and dy differ")
    Parallel.forEach(x.rows, grain: 8) { part in
      decant_activation_backward(
        dy.rows(part).base, x.rows(part).base, part.count * x.columns, kind)
    }
  }
}
