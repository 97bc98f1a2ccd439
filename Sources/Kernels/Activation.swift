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

  /// y = f(x).
  ///
  /// - Parameters:
  ///   - x: `[rows, columns]`, which `backward` needs where it is not y itself.
  ///   - y: `[rows, columns]`, of x's format; may be x.
  package func forward(_ x: Operand, into y: Operand) {
    precondition(x.rows == y.rows && x.columns == y.columns, "shapes of x and y differ")
    precondition(x.precision == y.precision, "formats of x and y differ")
    StepProfile.time(.elementwise) {
      Parallel.forEach(x.rows, grain: 8) { part in
        let (from, to) = (x.rows(part), y.rows(part))
        if let x = from.floats, let y = to.floats {
          decant_activation_f32(x, y, from.count, kind)
        } else if let x = from.bfloat16, let y = to.bfloat16 {
          decant_activation_bf16(x, y, from.count, kind)
        }
      }
    }
  }

  /// x = f(x) on the calling thread.
  func apply(_ x: Operand) {
    if let floats = x.floats {
      decant_activation_f32(floats, floats, x.count, kind)
    } else if let bfloat16 = x.bfloat16 {
      decant_activation_bf16(bfloat16, bfloat16, x.count, kind)
    }
  }

  /// Replaces `dy` by dx = dy · f'(x), and adds its column sums to a gradient.
  ///
  /// - Parameters:
  ///   - dy: `[rows, columns]`.
  ///   - x: As given to `forward`, of dy's format.
  ///   - dBias: `[columns]`, the gradient of the bias that x contains; added to.
  ///   - partials: Scratch of at least `Parallel.threads * columns` floats.
  package func backward(
    _ dy: Operand, x: Operand, dBias: UnsafeMutablePointer<Float>, partials: FloatBuffer
  ) {
    let columns = x.columns
    precondition(x.rows == dy.rows && columns == dy.columns, "shapes of x and dy differ")
    precondition(x.precision == dy.precision, "formats of x and dy differ")
    StepProfile.time(.elementwise) {
      PartialSums.add(rows: x.rows, columns: columns, to: [dBias], partials: partials) {
        part, sums in
        let (dy, x) = (dy.rows(part), x.rows(part))
        if let dy = dy.floats, let x = x.floats {
          decant_activation_backward_f32(dy, x, sums, part.count, columns, kind)
        } else if let dy = dy.bfloat16, let x = x.bfloat16 {
          decant_activation_backward_bf16(dy, x, sums, part.count, columns, kind)
        }
      }
    }
  }
}
