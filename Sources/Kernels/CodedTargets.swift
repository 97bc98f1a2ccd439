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
    if width == 16 {
      let row = decant_coded_repeat_of_16(base, rows)
      return row < rows ? row : nil
    }
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
    write(UnsafeBufferPointer(coded), steps: steps, into: output, columns: columns, of: width) {
      decant_coded_coefficients($0, $1, columns.count, $2, $3, width)
    }
  }

  /// Writes coefficients of columns that were unpacked to bytes, `[columns.count, rows]`; otherwise
  /// as `coefficients` of a tile.
  package static func coefficients(
    bytes: UnsafeBufferPointer<UInt8>, steps: [Float],
    into output: UnsafeMutableBufferPointer<Float>, columns: Range<Int>, of width: Int
  ) {
    write(bytes, steps: steps, into: output, columns: columns, of: width) {
      decant_bytes_to_coefficients($0, $1, columns.count, $2, $3, width)
    }
  }

  /// Checks the shapes and gives `body` the values, their rows, and the first step and coefficient.
  private static func write<Value>(
    _ values: UnsafeBufferPointer<Value>, steps: [Float],
    into output: UnsafeMutableBufferPointer<Float>, columns: Range<Int>, of width: Int,
    _ body: (UnsafePointer<Value>, Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  ) {
    let rows = rows(values.count, columns, width, output.count)
    precondition(steps.count >= columns.upperBound, "\(steps.count) steps")
    guard let values = values.baseAddress, let output = output.baseAddress else { return }
    steps.withUnsafeBufferPointer { steps in
      guard let steps = steps.baseAddress else { return }
      body(values, rows, steps + columns.lowerBound, output + columns.lowerBound)
    }
  }

  /// Writes logits of columns that were unpacked to bytes, `[columns.count, rows]`; otherwise as
  /// `logits` of a tile.
  package static func logits(
    bytes: UnsafeBufferPointer<UInt8>, step: Float, sums: inout [UInt32],
    into output: UnsafeMutableBufferPointer<Float>, columns: Range<Int>, of width: Int
  ) -> UInt32 {
    let rows = rows(bytes.count, columns, width, output.count)
    precondition(
      sums.count == rows && columns.count <= PrefixCode.sideBySide,
      "\(sums.count) sums of \(rows) rows, columns \(columns)")
    guard let bytes = bytes.baseAddress, let output = output.baseAddress else { return 0 }
    return decant_bytes_to_logits(
      bytes, rows, columns.count, step, &sums, output + columns.lowerBound, width)
  }

  /// Writes columns of bytes, `[columns, rows]`, as a tile.
  ///
  /// - Precondition: as many bytes as values of the tile, a multiple of `columns`.
  package static func tile(
    bytes: UnsafeBufferPointer<UInt8>, columns: Int,
    into tile: UnsafeMutableBufferPointer<UInt32>
  ) {
    precondition(
      columns > 0 && bytes.count == tile.count && tile.count.isMultiple(of: columns),
      "\(bytes.count) bytes, \(tile.count) values")
    guard let bytes = bytes.baseAddress, let values = tile.baseAddress else { return }
    decant_bytes_to_rows(bytes, tile.count / columns, columns, values)
  }

  /// The tokens of ranks that lie as byte planes: the lowest byte of every rank, then the next …
  ///
  /// - Parameters:
  ///   - planes: `[width, tokens]`.
  ///   - width: Bytes of a rank, 2 or 4.
  ///   - tokenOfRank: The token of each rank.
  /// - Returns: nil where a rank is outside the order, or the number of bytes is no multiple of `width`.
  package static func tokens(planes: [UInt8], width: Int, of tokenOfRank: [Int32]) -> [Int32]? {
    precondition(width == 2 || width == 4, "width \(width)")
    guard planes.count.isMultiple(of: width) else { return nil }
    var isFine = true
    let tokens = [Int32](unsafeUninitializedCapacity: planes.count / width) { tokens, count in
      guard let target = tokens.baseAddress else { return }
      isFine =
        decant_planes_to_tokens(
          planes, planes.count / width, Int32(width), tokenOfRank, UInt32(tokenOfRank.count),
          target) == 0
      count = isFine ? planes.count / width : 0
    }
    return isFine ? tokens : nil
  }

  /// The integers of a tail's scalars from their coded differences, both `[rows, count]`.
  ///
  /// - Parameters:
  ///   - differences: Zigzag, each less than 2^24.
  ///   - count: Scalars of a row, 2, 3 or 5.
  ///   - factors: For each column a constant and a factor for each column before it, in 65536ths.
  ///   - largest: The magnitude that an integer may have.
  /// - Returns: nil where one is larger.
  package static func scalars(
    _ differences: UnsafeBufferPointer<UInt32>, count: Int, factors: [Int32], largest: Int
  ) -> [Int32]? {
    precondition(
      [2, 3, 5].contains(count) && differences.count.isMultiple(of: count)
        && factors.count == count * (count + 1) / 2, "\(differences.count) differences")
    guard let source = differences.baseAddress else { return [] }
    var isFine = true
    let integers = [Int32](unsafeUninitializedCapacity: differences.count) { integers, filled in
      guard let target = integers.baseAddress else { return }
      isFine =
        decant_coded_scalars(
          source, differences.count / count, Int32(count), factors, Int64(largest), target) == 0
      filled = differences.count
    }
    return isFine ? integers : nil
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
