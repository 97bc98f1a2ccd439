import CKernels

/// Additions and copies of single rows.
package enum RowOperations {
  /// target += source, `count` floats each.
  package static func add(
    _ source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, count: Int
  ) {
    decant_add(target, source, count)
  }

  /// Copies the named rows of `source` one after another, rounded to the target's format.
  ///
  /// - Parameters:
  ///   - rows: Indexes into `source`.
  ///   - source: `[anything, columns]`.
  ///   - target: `[rows.count, columns]`.
  package static func gather(_ rows: ArraySlice<Int32>, of source: Matrix, into target: Operand) {
    precondition(target.rows == rows.count && target.columns == source.columns, "target's shape")
    for (index, row) in rows.enumerated() {
      precondition(row >= 0 && row < source.rows, "row \(row) of \(source.rows)")
      let from = source.base + Int(row) * source.columns
      if let floats = target.floats {
        (floats + index * target.columns).update(from: from, count: source.columns)
      } else if let bfloat16 = target.bfloat16 {
        decant_float_to_bfloat16(from, bfloat16 + index * target.columns, source.columns)
      }
    }
  }

  /// Adds each row of `source` to the named row of `target`.
  package static func scatterAdd(
    _ source: Matrix, to rows: ArraySlice<Int32>, of target: Matrix
  ) {
    precondition(source.rows == rows.count && target.columns == source.columns, "source's shape")
    for (index, row) in rows.enumerated() {
      precondition(row >= 0 && row < target.rows, "row \(row) of \(target.rows)")
      add(
        source.base + index * source.columns, to: target.base + Int(row) * target.columns,
        count: source.columns)
    }
  }
}
