package import Kernels

/// Learned projections of hidden states, for losses against states of another width.
extension MaskedLanguageModel {
  /// Writes `y = x Wᵀ` with W the projection `[width, hidden]`, in single precision.
  ///
  /// - Parameters:
  ///   - index: The projection.
  ///   - x: Hidden states of a batch encoded for training, `[n, hidden]`.
  ///   - y: Receives `[n, width]`.
  package func project(_ index: Int, _ x: Matrix, into y: Matrix) {
    product(Operand(x), .projection(index), into: Operand(y))
  }

  /// Adds `dyᵀ x` to the projection's gradient and writes `dx = dy W`.
  ///
  /// - Parameters:
  ///   - index: The projection.
  ///   - dy: The gradient of its output, `[n, width]`.
  ///   - x: What was projected, `[n, hidden]`.
  ///   - dx: Receives `[n, hidden]`; may not alias `x`.
  package func projectBackward(_ index: Int, dy: Matrix, x: Matrix, into dx: Matrix) {
    addWeightGradient(Operand(dy), Operand(x), .projection(index))
    productBackward(Operand(dy), .projection(index), into: Operand(dx))
  }

  /// Sets the projections to their first values: the identity where the widths are equal, else
  /// draws from N(0, 1 / hidden), which keep the size of a state's values.
  package func initializeProjections(seed: UInt64) {
    // Other draws than those of the parameters, which begin with the seed itself.
    var generator = SplitMix64(seed: seed ^ 0x70726F_6A656374)
    for entry in layout.entries where entry.parameter.isProjection {
      let (rows, columns) = (entry.shape[0], entry.shape[1])
      let values = parameters.base + entry.offset
      let scale = 1 / Double(columns).squareRoot()
      for index in 0..<entry.count {
        values[index] =
          rows == columns
          ? (index / columns == index % columns ? 1 : 0) : Float(scale * generator.nextNormal())
      }
    }
  }

  /// A copy with projections to these widths at their first values, in place of those it has.
  ///
  /// - Parameters:
  ///   - widths: Width of the other model's states, one a projection.
  ///   - seed: Of the draws.
  /// - Returns: The copy, with the same parameters else, in the same precision.
  package func withProjections(to widths: [Int], seed: UInt64) -> MaskedLanguageModel {
    let copy = MaskedLanguageModel(configuration: configuration, projections: widths)
    copy.precision = precision
    let target = copy.parameters
    for entry in layout.entries where !entry.parameter.isProjection {
      // Projections come last, so what is before them lies where it did.
      (target.base + entry.offset).update(from: storage.base + entry.offset, count: entry.count)
    }
    copy.initializeProjections(seed: seed)
    return copy
  }
}
