import CKernels

/// From the integers of coded columns to the targets that they stand for.
///
/// Each takes a tile `[rows, columns.count]` and writes the columns of a matrix `[rows, width]`.
package enum CodedTargets {
  /// Writes the tokens of ranks.
  ///
  /// - Returns: False where a rank is outside the order; nothing is written then.
  package static func tokens(
    _ ranks: UnsafeMutableBufferPointer<UInt32>, of tokenOfRank: [Int32],
    into output: UnsafeMutableBufferPointer<Int32>, columns: Range<Int>, of width: Int
  ) -> Bool {
    let rows = rows(ranks.count, columns, width, output.count)
    guard let tile = ranks.baseAddress, let output = output.baseAddress else { return true }
    return decant_coded_tokens(
      tile, rows, columns.count, tokenOfRank, UInt32(tokenOfRank.count),
      output + columns.lowerBound, width) == 0
  }

  /// The first row that names a token twice; nil where none does.
  ///
  /// - Parameters:
  ///   - ids: Token IDs, `[rows, width]`, each below `vocabSize`.
  ///   - width: IDs of a row.
  ///   - vocabSize: V.
  /// - Returns: Its number.
  package static func repeatedRow(
    _ ids: UnsafeBufferPointer<Int32>, width: Int, vocabSize: Int
  ) -> Int? {
    precondition(
      width > 0 && ids.count.isMultiple(of: width), "\(ids.count) IDs in rows of \(width)")
    let rows = ids.count / width
    guard let base = ids.baseAddress, rows > 0 else { return nil }
    return withUnsafeTemporaryAllocation(of: Int32.self, capacity: vocabSize) { seen in
      seen.initialize(repeating: -1)
      guard let seen = seen.baseAddress else { return nil }
      let row = decant_coded_repeat(base, rows, width, seen)
      return row < rows ? row : nil
    }
  }

  /// Writes logits below each row's largest, from increments of their steps.
  ///
  /// - Parameters:
  ///   - increments: The tile.
  ///   - step: In logits.
  ///   - sums: Each row's steps so far, at most 2^31 less what the tile may add.
  ///   - output: Receives the logits.
  ///   - columns: Where the tile goes.
  ///   - width: Columns of the output.
  /// - Returns: The most steps of a row.
  package static func logits(
    _ increments: UnsafeMutableBufferPointer<UInt32>, step: Float, sums: inout [UInt32],
    into output: UnsafeMutableBufferPointer<Float>, columns: Range<Int>, of width: Int
  ) -> UInt32 {
    let rows = rows(increments.count, columns, width, output.count)
    precondition(sums.count == rows, "\(sums.count) sums of \(rows) rows")
    guard let tile = increments.baseAddress, let output = output.baseAddress else { return 0 }
    return decant_coded_logits(
      tile, rows, columns.count, step, &sums, output + columns.lowerBound, width)
  }

  /// Writes coefficients, zigzag multiples of each column's step.
  ///
  /// - Parameters:
  ///   - coded: The tile.
  ///   - steps: Of all columns of the matrix, or more.
  ///   - output: Receives the coefficients.
  ///   - columns: Where the tile goes.
  ///   - width: Columns of the output.
  package static func coefficients(
    _ coded: UnsafeMutableBufferPointer<UInt32>, steps: [Float],
    into output: UnsafeMutableBufferPointer<Float>, columns: Range<Int>, of width: Int
  ) {
    let rows = rows(coded.count, columns, width, output.count)
    precondition(steps.count >= columns.upperBound, "\(steps.count) steps")
    guard let tile = coded.baseAddress, let output = output.baseAddress else { return }
    steps.withUnsafeBufferPointer { steps in
      guard let steps = steps.baseAddress else { return }
      decant_coded_coefficients(
        tile, rows, columns.count, steps + columns.lowerBound, output + columns.lowerBound, width)
    }
  }

  /// Rows of a tile.
  private static func rows(_ count: Int, _ columns: Range<Int>, _ width: Int, _ output: Int) -> Int
  {
    let rows = columns.isEmpty ? 0 : count / columns.count
    precondition(
      columns.lowerBound >= 0 && columns.upperBound <= width && rows * columns.count == count
        && output >= rows * width, "columns \(columns) of \(width), \(count) values")
    return rows
  }
}
