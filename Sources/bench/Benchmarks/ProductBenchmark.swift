import Kernels

/// The ceiling of everything: one large matrix product on all threads.
enum ProductBenchmark {
  private static let (rows, columns, inner) = (2048, 3072, 768)

  static func rows(_ plan: MeasuringPlan, _ peers: PyTorchPeer) -> [ResultRow] {
    let left = filled(rows * inner)
    let right = filled(columns * inner)
    let product = FloatBuffer(count: rows * columns)
    let seconds = Stopwatch.median(runs: 3 * plan.runs) { _ in
      MatrixProduct.multiply(
        Matrix(left, rows: rows, columns: inner), Matrix(right, rows: columns, columns: inner),
        transposeB: true, into: Matrix(product, rows: rows, columns: columns))
    }
    let operations = 2 * Double(rows) * Double(columns) * Double(inner)
    let row = ResultRow(
      name: "product \(rows)x\(columns)x\(inner)", unit: "GFLOP/s", ours: operations / seconds / 1e9
    )
    return [row.against("PyTorch fp32", peers.value("product"))]
  }

  private static func filled(_ count: Int) -> FloatBuffer {
    let buffer = FloatBuffer(count: count)
    for index in 0..<count { buffer.base[index] = Float(index % 17) / 17 - 0.5 }
    return buffer
  }
}
