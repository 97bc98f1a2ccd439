/// Products of row-major matrices, split over the threads of `Parallel`.
package enum MatrixProduct {
  /// Writes `c = op(a) op(b) + bias`, or adds to it.
  ///
  /// - Parameters:
  ///   - a: `[M, K]`, or `[K, M]` with `transposeA`.
  ///   - b: `[K, N]`, or `[N, K]` with `transposeB`; of a's format.
  ///   - transposeA: Multiply by the transpose of `a`.
  ///   - transposeB: Multiply by the transpose of `b`.
  ///   - bias: `[N]`, added to every row, or nil.
  ///   - c: `[M, N]`, of either format; aliases neither.
  ///   - accumulate: Add to `c` instead of replacing it.
  /// - Precondition: the shapes agree.
  package static func multiply(
    _ a: Operand, _ b: Operand, transposeA: Bool = false, transposeB: Bool = false,
    bias: UnsafePointer<Float>? = nil, into c: Operand, accumulate: Bool = false
  ) {
    let m = transposeA ? a.columns : a.rows
    let k = transposeA ? a.rows : a.columns
    let n = transposeB ? b.rows : b.columns
    precondition(
      (transposeB ? b.columns : b.rows) == k && c.rows == m && c.columns == n,
      "product of [\(m), \(k)] and a [\(b.rows), \(b.columns)] into [\(c.rows), \(c.columns)]")
    precondition(a.precision == b.precision, "a product of \(a.precision) and \(b.precision)")
    guard m > 0, n > 0 else { return }
    guard k > 0 else {
      precondition(bias == nil, "a bias without a product")
      if !accumulate {
        c.base.initializeMemory(
          as: UInt8.self, repeating: 0, count: c.count * c.precision.elementBytes)
      }
      return
    }
    func shape(m: Int, n: Int) -> ProductShape {
      ProductShape(
        m: m, n: n, k: k, a: .rows(a.columns, transposed: transposeA, a.precision),
        b: .rows(b.columns, transposed: transposeB, b.precision),
        c: .rows(c.columns, c.precision), hasBias: bias != nil, accumulates: accumulate)
    }
    let (aBytes, bBytes) = (a.precision.elementBytes, b.precision.elementBytes)
    StepProfile.time(.products) {
      // Whole rows of C are what oneDNN's best kernels write. Of few rows each thread takes columns.
      if m >= n || m >= 128 * Parallel.threads {
        Parallel.forEach(m, grain: 16) { part in
          let start = transposeA ? part.lowerBound : part.lowerBound * a.columns
          StridedProduct(shape(m: part.count, n: n)).run(
            a.base + start * aBytes, b.base, bias: bias,
            into: c.base + part.lowerBound * n * c.precision.elementBytes)
        }
      } else {
        Parallel.forEach(n, grain: 16) { part in
          let start = transposeB ? part.lowerBound * b.columns : part.lowerBound
          StridedProduct(shape(m: m, n: part.count)).run(
            a.base, b.base + start * bBytes, bias: bias.map { $0 + part.lowerBound },
            into: c.base + part.lowerBound * c.precision.elementBytes)
        }
      }
    }
  }

  /// As above, in single precision.
  package static func multiply(
    _ a: Matrix, _ b: Matrix, transposeA: Bool = false, transposeB: Bool = false,
    bias: UnsafePointer<Float>? = nil, into c: Matrix, accumulate: Bool = false
  ) {
    multiply(
      Operand(a), Operand(b), transposeA: transposeA, transposeB: transposeB, bias: bias,
      into: Operand(c), accumulate: accumulate)
  }
}
