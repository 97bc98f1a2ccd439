import CKernels

/// Layer normalisation over the columns, joined with the residual before it.
package enum LayerNorm {
  /// y = norm(x + residual) · gamma + beta; `x` is left as the sum.
  ///
  /// - Parameters:
  ///   - x: `[rows, columns]`; replaced by the sum, which `backward` needs.
  ///   - residual: `[rows, columns]`, or nil.
  ///   - gamma: `[columns]`, the scale.
  ///   - beta: `[columns]`, the shift.
  ///   - epsilon: Added to the variance.
  ///   - y: `[rows, columns]`.
  ///   - rounded: Receives y as the next product reads it; nil or y itself in single precision.
  ///   - mean: `[rows]`, for `backward`.
  ///   - rstd: `[rows]`, the inverse standard deviation, for `backward`.
  package static func forward(
    _ x: Matrix, residual: Matrix?, gamma: UnsafePointer<Float>, beta: UnsafePointer<Float>,
    epsilon: Float, into y: Matrix, rounded: Operand? = nil, mean: UnsafeMutablePointer<Float>,
    rstd: UnsafeMutablePointer<Float>
  ) {
    precondition(x.rows == y.rows && x.columns == y.columns, "shapes of x and y differ")
    if let residual {
      precondition(residual.rows == x.rows && residual.columns == x.columns, "residual's shape")
    }
    if let rounded { precondition(rounded.rows == x.rows && rounded.columns == x.columns, "shape") }
    StepProfile.time(.elementwise) {
      Parallel.forEach(x.rows, grain: 8) { part in
        decant_layer_norm(
          x.rows(part).base, residual?.rows(part).base, gamma, beta, epsilon, y.rows(part).base,
          rounded?.rows(part).bfloat16, mean + part.lowerBound, rstd + part.lowerBound, part.count,
          x.columns)
      }
    }
  }

  /// Replaces `dy` by the gradient of the sum, and adds to the gradients of gamma, beta and the bias
  /// of the product that made x.
  ///
  /// - Parameters:
  ///   - dy: `[rows, columns]`.
  ///   - sum: What `forward` left in `x`.
  ///   - mean: As `forward` wrote it.
  ///   - rstd: As `forward` wrote it.
  ///   - gamma: `[columns]`.
  ///   - dGamma: `[columns]`, added to.
  ///   - dBeta: `[columns]`, added to.
  ///   - dBias: `[columns]`, the column sums of the result; added to. nil where x has no bias.
  ///   - rounded: Receives the result as the next product reads it; nil in single precision.
  ///   - partials: Scratch of at least `3 * Parallel.threads * columns` floats.
  package static func backward(
    _ dy: Matrix, sum: Matrix, mean: UnsafePointer<Float>, rstd: UnsafePointer<Float>,
    gamma: UnsafePointer<Float>, dGamma: UnsafeMutablePointer<Float>,
    dBeta: UnsafeMutablePointer<Float>, dBias: UnsafeMutablePointer<Float>?,
    rounded: Operand? = nil, partials: FloatBuffer
  ) {
    let columns = dy.columns
    precondition(sum.rows == dy.rows && sum.columns == columns, "shapes of sum and dy differ")
    precondition(partials.count >= 3 * Parallel.threads * columns, "scratch is too small")
    StepProfile.time(.elementwise) {
      let targets = [dGamma, dBeta] + (dBias.map { [$0] } ?? [])
      PartialSums.add(rows: dy.rows, columns: columns, to: targets, partials: partials) {
        part, sums in
        decant_layer_norm_backward(
          dy.rows(part).base, sum.rows(part).base, mean + part.lowerBound, rstd + part.lowerBound,
          gamma, sums, sums + columns, dBias == nil ? nil : sums + 2 * columns,
          rounded?.rows(part).bfloat16, part.count, columns)
      }
    }
  }
}
