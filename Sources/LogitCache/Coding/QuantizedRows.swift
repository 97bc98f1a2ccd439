import Kernels
import ShardStore

/// Rows of floats as 8-bit integers with a scale each, or in 16 bits.
package struct QuantizedRows: Sendable, Equatable {
  /// Numbers of a row.
  package let columns: Int
  /// Number of rows.
  package let rows: Int

  private let storage: Storage

  private enum Storage: Sendable, Equatable {
    case int8(values: [UInt8], scales: [Float])
    case half([UInt16])
    case brain([UInt16])
  }

  /// The smallest scale a row of int8 has, so that a row of zeros has one too.
  static let smallestScale = Float(sign: .plus, exponent: -24, significand: 1)

  /// Takes 8-bit values (two's complement, row-major) and the bits of fp16 scales; nil where the
  /// counts do not agree or a scale is not a positive number.
  init?(int8 values: [UInt8], scales: [UInt16], columns: Int) {
    guard columns > 0, values.count == scales.count * columns else { return nil }
    let widened = scales.map { Float(Float16(bitPattern: $0)) }
    guard widened.allSatisfy({ $0.isFinite && $0 > 0 }) else { return nil }
    self.columns = columns
    rows = scales.count
    storage = .int8(values: values, scales: widened)
  }

  /// Takes the bits of fp16 values, row-major; nil where one is not finite or the count is wrong.
  init?(half values: [UInt16], rows: Int, columns: Int) {
    guard columns > 0, values.count == rows * columns,
      values.allSatisfy({ $0 & 0x7C00 != 0x7C00 })
    else { return nil }
    self.columns = columns
    self.rows = rows
    storage = .half(values)
  }

  /// Takes the bits of bf16 values, row-major; nil where one is not finite or the count is wrong.
  init?(brain values: [UInt16], rows: Int, columns: Int) {
    guard columns > 0, values.count == rows * columns,
      values.allSatisfy({ $0 & 0x7F80 != 0x7F80 })
    else { return nil }
    self.columns = columns
    self.rows = rows
    storage = .brain(values)
  }

  /// Writes a row as floats.
  ///
  /// - Precondition: `row < rows`, `output.count == columns`.
  package func copyRow(_ row: Int, into output: UnsafeMutableBufferPointer<Float>) {
    precondition(
      (0..<rows).contains(row) && output.count == columns,
      "row \(row) of \(rows), into \(output.count) of \(columns)")
    switch storage {
    case .int8(let values, let scales):
      values.withUnsafeBytes { bytes in
        let slice = bytes.bindMemory(to: Int8.self)[row * columns..<(row + 1) * columns]
        RowQuantization.dequantize(
          UnsafeBufferPointer(rebasing: slice), scale: scales[row], into: output)
      }
    case .half(let values):
      for column in 0..<columns {
        output[column] = Float(Float16(bitPattern: values[row * columns + column]))
      }
    case .brain(let values):
      for column in 0..<columns {
        output[column] = BrainFloat.value(values[row * columns + column])
      }
    }
  }

  /// The scale of an int8 row, of which no value is off by more than half; nil for 16 bits.
  package func scale(_ row: Int) -> Float? {
    if case .int8(_, let scales) = storage { scales[row] } else { nil }
  }

  /// Quantises a row.
  ///
  /// - Returns: The bits of the fp16 scale, or nil where a value is not finite or too large.
  static func quantize(
    _ row: UnsafeBufferPointer<Float>, into output: UnsafeMutableBufferPointer<Int8>
  ) -> UInt16? {
    let largest = RowQuantization.largestMagnitude(row)
    guard largest.isFinite else { return nil }
    let exact = max(largest / 127, smallestScale)
    var scale = Float16(exact)
    if Float(scale) < exact { scale = scale.nextUp }
    guard scale.isFinite else { return nil }
    RowQuantization.quantize(row, scale: Float(scale), into: output)
    return scale.bitPattern
  }
}
