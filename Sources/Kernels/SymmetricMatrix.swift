import COpenBLAS

/// Products and eigenvectors of square matrices in double precision, row-major.
package enum SymmetricMatrix {
  /// Eigenvalues and eigenvectors of a symmetric matrix.
  ///
  /// - Parameters:
  ///   - matrix: `[n, n]`; only one triangle is read.
  ///   - size: n, `> 0`.
  /// - Returns: Eigenvalues in ascending order, and for each its vector of length 1, `[n, n]`; nil
  ///   where a number is not finite.
  package static func eigenvectors(
    _ matrix: [Double], size: Int
  ) -> (values: [Double], vectors: [Double])? {
    precondition(size > 0 && matrix.count == size * size, "a matrix of \(matrix.count) numbers")
    guard matrix.allSatisfy(\.isFinite) else { return nil }
    _ = OpenBLAS.kernels
    var vectors = matrix
    var values = [Double](repeating: 0, count: size)
    var n = Int32(size)
    var info: Int32 = 0
    var workCount: Int32 = -1
    var integerCount: Int32 = -1
    var work: [Double] = [0]
    var integers: [Int32] = [0]
    // The first call tells how much room the second needs.
    for _ in 0..<2 {
      dsyevd_(
        "V", "U", &n, &vectors, &n, &values, &work, &workCount, &integers, &integerCount, &info)
      guard info == 0 else { return nil }
      guard workCount < 0 else { break }
      workCount = Int32(work[0])
      integerCount = integers[0]
      work = [Double](repeating: 0, count: Int(workCount))
      integers = [Int32](repeating: 0, count: Int(integerCount))
    }
    return (values, vectors)
  }

  /// Solves systems of a positive definite matrix.
  ///
  /// - Parameters:
  ///   - matrix: `[n, n]`, of which the lower triangle is read; replaced.
  ///   - vectors: Right-hand sides, `[m, n]`; receives the solutions.
  ///   - size: n, `> 0`.
  /// - Returns: False where the matrix is not positive definite; the vectors are then undefined.
  /// - Precondition: The sizes agree.
  package static func solve(_ matrix: inout [Double], _ vectors: inout [Double], size: Int) -> Bool
  {
    precondition(
      size > 0 && matrix.count == size * size && vectors.count.isMultiple(of: size),
      "a matrix of \(matrix.count) numbers, vectors of \(vectors.count)")
    _ = OpenBLAS.kernels
    var (n, count, info) = (Int32(size), Int32(vectors.count / size), Int32(0))
    // What is lower by rows is upper by columns.
    dposv_("U", &n, &count, &matrix, &n, &vectors, &n, &info)
    return info == 0
  }

  /// a b, or a bᵀ, or aᵀ b.
  ///
  /// - Precondition: `a` and `b` are `[size, size]`.
  package static func product(
    _ a: [Double], _ b: [Double], size: Int, transposeA: Bool = false, transposeB: Bool = false
  ) -> [Double] {
    precondition(a.count == size * size && b.count == size * size, "two matrices of \(size)")
    _ = OpenBLAS.kernels
    var c = [Double](repeating: 0, count: size * size)
    let n = blasint(size)
    cblas_dgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
      n, n, n, 1, a, n, b, n, 0, &c, n)
    return c
  }
}

extension MatrixProduct {
  /// Writes `output = matrix · vector` on the calling thread.
  ///
  /// - Parameters:
  ///   - matrix: `[rows, columns]`, row-major.
  ///   - vector: `[columns]`.
  ///   - output: Receives `[rows]`.
  /// - Precondition: the shapes agree.
  package static func multiply(
    _ matrix: UnsafeBufferPointer<Float>, vector: UnsafeBufferPointer<Float>,
    into output: UnsafeMutableBufferPointer<Float>
  ) {
    precondition(matrix.count == vector.count * output.count, "matrix and vectors do not agree")
    guard let a = matrix.baseAddress, let x = vector.baseAddress, let y = output.baseAddress else {
      return
    }
    let columns = blasint(vector.count)
    cblas_sgemv(
      CblasRowMajor, CblasNoTrans, blasint(output.count), columns, 1, a, columns, x, 1, 0, y, 1)
  }

  /// a b, or a bᵀ, of small matrices on the calling thread.
  ///
  /// - Parameters:
  ///   - a: `[m, inner]`, row-major.
  ///   - b: `[inner, n]`, or `[n, inner]` with `transposeB`.
  ///   - inner: `> 0`.
  ///   - transposeB: Multiply by the transpose of `b`.
  /// - Returns: `[m, n]`.
  /// - Precondition: the shapes agree.
  package static func small(
    _ a: [Float], _ b: [Float], inner: Int, transposeB: Bool = false
  ) -> [Float] {
    precondition(
      a.count.isMultiple(of: inner) && b.count.isMultiple(of: inner), "matrices do not agree")
    let (m, n) = (a.count / inner, b.count / inner)
    _ = OpenBLAS.kernels
    var c = [Float](repeating: 0, count: m * n)
    guard m > 0, n > 0 else { return c }
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans, blasint(m), blasint(n),
      blasint(inner), 1, a, blasint(inner), b, blasint(transposeB ? inner : n), 0, &c, blasint(n))
    return c
  }
}
