import Foundation
import Kernels
import Testing

@Suite struct MatrixProductTests {
  static func filled(_ rows: Int, _ columns: Int, _ seed: Double) -> FloatBuffer {
    let buffer = FloatBuffer(count: rows * columns)
    for index in 0..<buffer.count { buffer.base[index] = Float(sin(Double(index) * seed)) }
    return buffer
  }

  @Test(arguments: [(3, 5, 7), (64, 33, 20), (20, 200, 31), (129, 64, 48)])
  func equalsTheDefinition(shape: (Int, Int, Int)) {
    let (m, n, k) = shape
    for (transposeA, transposeB) in [(false, false), (true, false), (false, true), (true, true)] {
      let a = Self.filled(m, k, 0.7)
      let b = Self.filled(k, n, 1.3)
      let c = Self.filled(m, n, 2.1)
      let start = Array(c.elements)
      MatrixProduct.multiply(
        Matrix(a, rows: transposeA ? k : m, columns: transposeA ? m : k),
        Matrix(b, rows: transposeB ? n : k, columns: transposeB ? k : n), transposeA: transposeA,
        transposeB: transposeB, into: Matrix(c, rows: m, columns: n), accumulate: true)
      for row in 0..<m {
        for column in 0..<n {
          var sum = Double(start[row * n + column])
          for inner in 0..<k {
            let x = transposeA ? a.base[inner * m + row] : a.base[row * k + inner]
            let y = transposeB ? b.base[column * k + inner] : b.base[inner * n + column]
            sum += Double(x) * Double(y)
          }
          // k float additions of terms up to 1.
          #expect(abs(Double(c.base[row * n + column]) - sum) < 1e-5)
        }
      }
    }
  }

  @Test func partsCoverEveryItemOnce() {
    for threads in 1...5 {
      for count in [0, 1, 7, 64, 100] {
        for grain in [1, 8] {
          let seen = FloatBuffer(count: max(count, 1))
          Parallel.forEachPart(count, grain: grain, threads: threads) { index, part in
            precondition(index < Parallel.parts(count, grain: grain, threads: threads))
            for item in part { seen.base[item] += 1 }
          }
          #expect(seen.elements.prefix(count).allSatisfy { $0 == 1 })
        }
      }
    }
  }
}
