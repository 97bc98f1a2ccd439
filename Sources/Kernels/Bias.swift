import CKernels

/// The gradient of a bias that was added to every row.
package enum Bias {
  /// Adds the column sums of `dy` to `dBias`.
  ///
  /// - Parameters:
  ///   - dy: `[rows, columns]`.
  ///   - dBias: `[columns]`, added to.
  package static func addGradient(_ dy: Operand, into dBias: UnsafeMutablePointer<Float>) {
    // Split by columns: each thread owns its sums, and the order of additions never changes.
    StepProfile.time(.elementwise) {
      Parallel.forEach(dy.columns, grain: 64) { part in
        let sums = dBias + part.lowerBound
        if let floats = dy.floats {
          decant_column_sums_f32(floats + part.lowerBound, sums, dy.rows, part.count, dy.columns)
        } else if let bfloat16 = dy.bfloat16 {
          decant_column_sums_bf16(
            bfloat16 + part.lowerBound, sums, dy.rows, part.count, dy.columns)
        }
      }
    }
  }
}
