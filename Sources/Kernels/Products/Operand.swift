import CKernels

/// A view of numbers as `[rows, columns]`, row-major and contiguous, in the format that products
/// read; it owns nothing.
package struct Operand: @unchecked Sendable {  // a view; the memory's owner keeps writers apart
  /// The first number.
  package let base: UnsafeMutableRawPointer
  /// Number of rows.
  package let rows: Int
  /// Number of columns.
  package let columns: Int
  /// The numbers' format.
  package let precision: Precision

  /// A view of part of a buffer.
  ///
  /// - Precondition: the numbers `offset ..< offset + rows * columns` lie inside `buffer`.
  package init(_ buffer: OperandBuffer, offset: Int = 0, rows: Int, columns: Int) {
    precondition(
      offset >= 0 && rows >= 0 && columns >= 0 && offset + rows * columns <= buffer.count,
      "a [\(rows), \(columns)] view at \(offset) does not fit into \(buffer.count) numbers")
    self.init(
      base: buffer.base + offset * buffer.precision.elementBytes, rows: rows, columns: columns,
      precision: buffer.precision)
  }

  /// A view of floats.
  package init(_ matrix: Matrix) {
    self.init(base: matrix.base, rows: matrix.rows, columns: matrix.columns, precision: .fp32)
  }

  /// A view of memory that the caller keeps alive.
  package init(base: UnsafeMutableRawPointer, rows: Int, columns: Int, precision: Precision) {
    self.base = base
    self.rows = rows
    self.columns = columns
    self.precision = precision
  }

  /// Number of elements.
  package var count: Int { rows * columns }

  /// Some consecutive rows, shape `[range.count, columns]`.
  package func rows(_ range: Range<Int>) -> Operand {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows)")
    return Operand(
      base: base + range.lowerBound * columns * precision.elementBytes, rows: range.count,
      columns: columns, precision: precision)
  }

  /// The floats where the format is `.fp32`.
  package var floats: UnsafeMutablePointer<Float>? {
    precision == .fp32 ? base.assumingMemoryBound(to: Float.self) : nil
  }

  /// The bit patterns where the format is `.bf16`.
  package var bfloat16: UnsafeMutablePointer<UInt16>? {
    precision == .bf16 ? base.assumingMemoryBound(to: UInt16.self) : nil
  }

  /// All numbers as floats; for tests and for what shows single values.
  package var values: [Float] {
    if let floats { return Array(UnsafeBufferPointer(start: floats, count: count)) }
    guard let bfloat16 else { return [] }
    var values = [Float](repeating: 0, count: count)
    decant_bfloat16_to_float(bfloat16, &values, count)
    return values
  }

  /// Rounds a matrix of floats to this view's format, to nearest even.
  package func assign(_ matrix: Matrix) {
    precondition(matrix.rows == rows && matrix.columns == columns, "shapes differ")
    Parallel.forEach(count, grain: 4096) { assign($0, of: matrix.base) }
  }

  /// Rounds some of `count` floats to this view's format, on the calling thread.
  ///
  /// - Parameters:
  ///   - range: The numbers' indexes, in the order of rows.
  ///   - values: All floats, as many as this view has.
  /// - Precondition: `range` lies in `0 ..< count`.
  package func assign(_ range: Range<Int>, of values: UnsafePointer<Float>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of \(count) numbers")
    let start = range.lowerBound
    if let floats {
      (floats + start).update(from: values + start, count: range.count)
    } else if let bfloat16 {
      decant_float_to_bfloat16(values + start, bfloat16 + start, range.count)
    }
  }
}

/// Owns one block of numbers in a product's format, zeroed at first and aligned to a cache line.
///
/// The owner decides which thread writes; views must not outlive it.
package final class OperandBuffer: @unchecked Sendable {  // the owner keeps writers apart
  /// Number of elements.
  package let count: Int
  /// Their format.
  package let precision: Precision
  /// The first element.
  package let base: UnsafeMutableRawPointer

  /// Allocates `count` zeros.
  package init(count: Int, precision: Precision) {
    precondition(count >= 0, "a buffer cannot hold \(count) numbers")
    self.count = count
    self.precision = precision
    base = Allocations.allocate(bytes: count * precision.elementBytes)
  }

  deinit { base.deallocate() }
}
