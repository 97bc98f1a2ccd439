import COpenBLAS

/// Products of row-major matrices, split over the threads of `Parallel`.
package enum MatrixProduct {
  /// Writes `c = op(a) op(b)`, or adds to it.
  ///
  /// - Parameters:
  ///   - a: `[M, K]`, or `[K, M]` with `transposeA`.
  ///   - b: `[K, N]`, or `[N, K]` with `transposeB`.
  ///   - transposeA: Multiply by the transpose of `a`.
  ///   - transposeB: Multiply by the transpose of `b`.
  ///   - c: `[M, N]`; aliases neither.
  ///   - accumulate: Add to `c` instead of replacing it.
  /// - Precondition: the shapes agree.
  package static func multiply(
    _ a: Matrix, _ b: Matrix, transposeA: Bool = false, transposeB: Bool = false, into c: Matrix,
    accumulate: Bool = false
  ) {
    let m = transposeA ? a.columns : a.rows
    let k = transposeA ? a.rows : a.columns
    let n = transposeB ? b.rows : b.columns
    precondition(
      (transposeB ? b.columns : b.rows) == k && c.rows == m && c.columns == n,
      "product of [\(m), \(k)] and a [\(b.rows), \(b.columns)] into [\(c.rows), \(c.columns)]")
    guard m > 0, n > 0 else { return }
    guard k > 0 else {
      if !accumulate { c.base.update(repeating: 0, count: c.count) }
      return
    }
    _ = OpenBLAS.kernels
    // Each part packs its own share of the split side and all of the other: split the longer one.
    if m >= n {
      Parallel.forEach(m, grain: 16) { part in
        let start = transposeA ? part.lowerBound : part.lowerBound * a.columns
        sgemm(
          transposeA, transposeB, part.count, n, k, a.base + start, a.columns, b.base, b.columns,
          accumulate, c.base + part.lowerBound * n, n)
      }
    } else {
      Parallel.forEach(n, grain: 16) { part in
        let start = transposeB ? part.lowerBound * b.columns : part.lowerBound
        sgemm(
          transposeA, transposeB, m, part.count, k, a.base, a.columns, b.base + start, b.columns,
          accumulate, c.base + part.lowerBound, n)
      }
    }
  }

  /// One product on the calling thread, with leading dimensions.
  static func sgemm(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int,
    _ a: UnsafePointer<Float>, _ lda: Int, _ b: UnsafePointer<Float>, _ ldb: Int,
    _ accumulate: Bool, _ c: UnsafeMutablePointer<Float>, _ ldc: Int, scale: Float = 1
  ) {
    cblas_sgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
      blasint(m), blasint(n), blasint(k), scale, a, blasint(lda), b, blasint(ldb),
      accumulate ? 1 : 0, c, blasint(ldc))
  }
}
