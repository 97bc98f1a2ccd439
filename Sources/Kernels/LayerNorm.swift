import CKernels

/// Layer normalisation over the columns, joined with the bias and the residual before it.
package enum LayerNorm {
  /// y = norm(x + bias + residual) · gamma + beta; `x` is left as the sum.
  ///
  /// - Parameters:
  ///   - x: `[rows, columns]`; replaced by the sum, which `backward` needs.
  ///   - bias: `[columns]`, or nil.
  ///   - residual: `[rows, columns]`, or nil.
  ///   - gamma: `[columns]`, the scale.
  ///   - beta: `[columns]`, the shift.
  ///   - epsilon: Added to the variance.
  ///   - y: `[rows, columns]`.
  ///   - mean: `[rows]`, for `backward`.
  ///   - rstd: `[rows]`, the inverse standard deviation, for `backward`.
  package static func forward(
    _ x: Matrix, bias: UnsafePointer<Float>?, residual: Matrix?, gamma: UnsafePointer<Float>,
    beta: UnsafePointer<Float>, epsilon: Float, into y: Matrix,
    mean: UnsafeMutablePointer<Float>, rstd: UnsafeMutablePointer<Float>
  ) {
    precondition(x.rows == y.rows && x.columns == y.columns, "shapes of x and y differ")
    if let residual {
      precondition(residual.rows == x.rows && residual.columns == x.columns, "residual's shape")
    }
    Parallel.forEach(x.rows, grain: 8) { part in
      decant_layer_norm(
        x.rows(part).base, bias, residual?.rows(part).base, gamma, beta, epsilon,
        y.rows(part).base, mean + part.lowerBound, rstd + part.lowerBound, part.count, x.columns)
    }
  }

  /// Replaces `dy` by the gradient of the sum, and adds to the gradients of gamma and beta.
  ///
  /// - Parameters:
  ///   - dy: `[rows, columns]`.
  ///   - sum: What `forward` left in `x`.
  ///   - mean: As `forward` wrote it.
  ///   - rstd: As `forward` wrote it.
  ///   - gamma: `[columns]`.
  ///   - dGamma: `[columns]`, added to.
  ///   - dBeta: `[columns]`, added to.
  ///   - partials: Scratch of at least `2 * Parallel.threads * columns` floats.
  package static func backward(
    _ dy: Matrix, sum: Matrix, mean: UnsafePointer<Float>, rstd: UnsafePointer<Float>,
    gamma: UnsafePointer<Float>, dGamma: UnsafeMutablePointer<Float>,
    dBeta: UnsafeMutablePointer<Float>, partials: FloatBuffer
  ) {
    let columns = dy.columns
    precondition(sum.rows == dy.rows && sum.columns == columns, "shapes of sum and dy differ")
    precondition(partials.count >= 2 * Parallel.threads * columns, "scratch is too small")
    let parts = Parallel.parts(dy.rows, grain: 8)
    partials.base.update(repeating: 0, count: 2 * parts * columns)
    Parallel.forEachPart(dy.rows, grain: 8) { index, part in
      let scratch = partials.base + 2 * index * columns
      decant_layer_norm_backward(
        dy.rows(part).base, sum.rows(part).base, mean + part.lowerBound, rstd + part.lowerBound,
        gamma, scratch, scratch + columns, part.count, columns)
    }
    for index in 0..<parts {
      let scratch = partials.base + 2 * index * columns
      decant_add(dGamma, scratch, columns)
      decant_add(dBeta, scratch + columns, columns)
    }
  }
}
