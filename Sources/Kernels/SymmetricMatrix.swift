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
}
