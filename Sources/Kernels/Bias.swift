import CKernels

/// A bias added to every row, and its gradient.
package enum Bias {
  /// Adds the column sums of `dy` to `dBias`.
  ///
  /// - Parameters:
  ///   - dy: `[rows, columns]`.
  ///   - dBias: `[columns]`, added to.
  package static func addGradient(_ dy: Matrix, into dBias: UnsafeMutablePointer<Float>) {
    // Split by columns: each thread owns its sums, and the order of additions never changes.
    Parallel.forEach(dy.columns, grain: 64) { part in
      for row in 0..<dy.rows {
        decant_add(
          dBias + part.lowerBound, dy.base + row * dy.columns + part.lowerBound, part.count)
      }
    }
  }

  /// Adds `bias` to every row of `x`.
  package static func add(_ bias: UnsafePointer<Float>, to x: Matrix) {
    Parallel.forEach(x.rows, grain: 4) { part in
      decant_add_bias(x.rows(part).base, bias, part.count, x.columns)
    }
  }
}
