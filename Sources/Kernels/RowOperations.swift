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

  /// Moves the named rows to the front, in their order; what was there before them is lost.
  ///
  /// - Parameters:
  ///   - rows: Indexes that rise.
  ///   - matrix: Its first `rows.count` rows are the named ones afterwards.
  package static func keep(_ rows: [Int32], of matrix: Operand) {
    requireRising(rows, within: matrix.rows)
    let stride = matrix.columns * matrix.precision.elementBytes
    for (index, row) in rows.enumerated() where Int(row) != index {
      (matrix.base + index * stride).copyMemory(
        from: matrix.base + Int(row) * stride, byteCount: stride)
    }
  }

  /// The reverse of `keep`: moves the first rows to the named places, and sets all others to zero.
  ///
  /// - Parameters:
  ///   - rows: Indexes that rise.
  ///   - matrix: Its first `rows.count` rows are those to be moved.
  package static func spread(_ rows: [Int32], of matrix: Operand) {
    requireRising(rows, within: matrix.rows)
    let stride = matrix.columns * matrix.precision.elementBytes
    var index = rows.count - 1
    // From the end, so that no row is written before it was moved.
    for row in (0..<matrix.rows).reversed() {
      let target = matrix.base + row * stride
      if index >= 0, Int(rows[index]) == row {
        if index != row {
          target.copyMemory(from: matrix.base + index * stride, byteCount: stride)
        }
        index -= 1
      } else {
        target.initializeMemory(as: UInt8.self, repeating: 0, count: stride)
      }
    }
  }

  /// Traps where indexes do not rise, or leave `0..<count`.
  package static func requireRising(_ rows: [Int32], within count: Int) {
    precondition(
      zip(rows, rows.dropFirst()).allSatisfy { $0 < $1 } && (rows.first ?? 0) >= 0
        && (rows.last.map { Int($0) < count } ?? true),
      "rows that rise within \(count)")
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
