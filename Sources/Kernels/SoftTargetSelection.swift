import CKernels

/// What a row of logits leaves behind: its largest entries and the shape of its tail.
package enum SoftTargetSelection {
  /// Numbers about the entries that are not among the largest k, relative to the row's maximum m.
  ///
  /// With `a(beta) = log sum over the tail of exp(beta (z - m))`, in nats; a slope is the mean of
  /// `z - m` over the tail under the distribution tilted by beta.
  package struct TailScalars: Sendable, Equatable {
    /// a(1).
    package var logPartition: Double
    /// a'(1).
    package var slope: Double
    /// a(1/2).
    package var halfLogPartition: Double
    /// a'(1/2).
    package var halfSlope: Double
    /// a'(0), the plain mean.
    package var mean: Double
    /// a(3/4); nil where nobody computed it.
    package var threeQuarterLogPartition: Double?

    /// Scalars of those values.
    package init(
      logPartition: Double, slope: Double, halfLogPartition: Double, halfSlope: Double,
      mean: Double,
      threeQuarterLogPartition: Double? = nil
    ) {
      self.logPartition = logPartition
      self.slope = slope
      self.halfLogPartition = halfLogPartition
      self.halfSlope = halfSlope
      self.mean = mean
      self.threeQuarterLogPartition = threeQuarterLogPartition
    }
  }

  /// Finds the k largest logits and the tail's scalars.
  ///
  /// - Parameters:
  ///   - logits: One row, shape `[vocab]`.
  ///   - ids: Receives the indexes, largest logit first, equal logits by the lower index; `[k]`.
  ///   - values: Receives the logits of those indexes; `[k]`.
  /// - Returns: The scalars, within 1e-6 relative; nil where a logit is not finite.
  /// - Precondition: `ids.count == values.count < logits.count`.
  /// - Complexity: Two passes over the row.
  package static func select(
    _ logits: UnsafeBufferPointer<Float>, ids: UnsafeMutableBufferPointer<Int32>,
    values: UnsafeMutableBufferPointer<Float>
  ) -> TailScalars? {
    precondition(
      ids.count == values.count && ids.count < logits.count && logits.count < Int(Int32.max),
      "k is \(ids.count) and \(values.count), the vocabulary \(logits.count)")
    guard let row = logits.baseAddress else { return nil }
    let scratchCount = decant_select_scratch(ids.count)
    return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: scratchCount) { scratch in
      withUnsafeTemporaryAllocation(of: Double.self, capacity: 6) { scalars in
        let bad = decant_select_targets(
          row, logits.count, ids.count, ids.baseAddress, values.baseAddress, scalars.baseAddress,
          scratch.baseAddress)
        if bad != 0 { return nil }
        return TailScalars(
          logPartition: scalars[0], slope: scalars[1], halfLogPartition: scalars[2],
          halfSlope: scalars[3], mean: scalars[4], threeQuarterLogPartition: scalars[5])
      }
    }
  }
}

/// Rows of numbers as 8-bit integers with one scale a row.
package enum RowQuantization {
  /// The largest magnitude; not finite where a value is not finite.
  package static func largestMagnitude(_ row: UnsafeBufferPointer<Float>) -> Float {
    row.baseAddress.map { decant_largest_magnitude($0, row.count) } ?? 0
  }

  /// Writes `row / scale`, rounded and held to -127 ... 127.
  ///
  /// - Precondition: `output.count == row.count`, `scale > 0`.
  package static func quantize(
    _ row: UnsafeBufferPointer<Float>, scale: Float, into output: UnsafeMutableBufferPointer<Int8>
  ) {
    precondition(output.count == row.count && scale > 0, "row of \(row.count), scale \(scale)")
    guard let source = row.baseAddress, let target = output.baseAddress else { return }
    decant_quantize_row(source, scale, target, row.count)
  }

  /// Writes `row * scale`.
  ///
  /// - Precondition: `output.count == row.count`.
  package static func dequantize(
    _ row: UnsafeBufferPointer<Int8>, scale: Float, into output: UnsafeMutableBufferPointer<Float>
  ) {
    precondition(output.count == row.count, "row of \(row.count) into \(output.count)")
    guard let source = row.baseAddress, let target = output.baseAddress else { return }
    decant_dequantize_row(source, scale, target, row.count)
  }
}
