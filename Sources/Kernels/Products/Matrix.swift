/// A view of floats as `[rows, columns]`, row-major and contiguous; it owns nothing.
package struct Matrix: @unchecked Sendable {  // a view; the owner of the memory keeps writers apart
  /// The first float.
  package let base: UnsafeMutablePointer<Float>
  /// Number of rows.
  package let rows: Int
  /// Number of columns.
  package let columns: Int

  /// A view of part of a buffer.
  ///
  /// - Precondition: the floats `offset ..< offset + rows * columns` lie inside `buffer`.
  package init(_ buffer: FloatBuffer, offset: Int = 0, rows: Int, columns: Int) {
    precondition(
      offset >= 0 && rows >= 0 && columns >= 0 && offset + rows * columns <= buffer.count,
      "a [\(rows), \(columns)] view at \(offset) does not fit into \(buffer.count) floats")
    self.init(base: buffer.base + offset, rows: rows, columns: columns)
  }

  /// A view of memory that the caller keeps alive.
  package init(base: UnsafeMutablePointer<Float>, rows: Int, columns: Int) {
    self.base = base
    self.rows = rows
    self.columns = columns
  }

  /// Number of floats.
  package var count: Int { rows * columns }

  /// All floats, row after row.
  package var elements: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: base, count: count)
  }

  /// One row, shape `[columns]`.
  package func row(_ index: Int) -> UnsafeMutableBufferPointer<Float> {
    precondition(index >= 0 && index < rows, "row \(index) of \(rows)")
    return UnsafeMutableBufferPointer(start: base + index * columns, count: columns)
  }

  /// Some consecutive rows, shape `[range.count, columns]`.
  package func rows(_ range: Range<Int>) -> Matrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows)")
    return Matrix(base: base + range.lowerBound * columns, rows: range.count, columns: columns)
  }
}
