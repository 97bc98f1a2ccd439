import Foundation
import Kernels
import Testing

@Suite struct MatrixProductTests {
  /// Numbers of few bits, so that bf16 holds them exactly.
  static func values(_ count: Int, _ seed: Double) -> [Float] {
    (0..<count).map { Float((sin(Double($0) * seed) * 64).rounded()) / 64 }
  }

  /// Sums in double of `op(a) op(b)`.
  static func product(
    _ a: [Float], _ b: [Float], _ shape: (Int, Int, Int), transposeA: Bool, transposeB: Bool
  ) -> [Double] {
    let (m, n, k) = shape
    var c = [Double](repeating: 0, count: m * n)
    for row in 0..<m {
      for inner in 0..<k {
        let x = Double(transposeA ? a[inner * m + row] : a[row * k + inner])
        for column in 0..<n {
          c[row * n + column] +=
            x * Double(transposeB ? b[column * k + inner] : b[inner * n + column])
        }
      }
    }
    return c
  }

  @Test(arguments: Precision.allCases, [(3, 5, 7), (64, 33, 20), (20, 200, 31), (129, 64, 48)])
  func equalsTheDefinition(precision: Precision, shape: (Int, Int, Int)) {
    let (m, n, k) = shape
    let (a, b) = (Self.values(m * k, 0.7), Self.values(k * n, 1.3))
    let (start, bias) = (Self.values(m * n, 2.1), Self.values(n, 3.7))
    for (transposeA, transposeB) in [(false, false), (true, false), (false, true), (true, true)] {
      let expected = Self.product(a, b, shape, transposeA: transposeA, transposeB: transposeB)
      for accumulate in [false, true] {
        let c = ElementwiseTests.operand(start, m, .fp32)
        MatrixProduct.multiply(
          ElementwiseTests.operand(a, transposeA ? k : m, precision).view,
          ElementwiseTests.operand(b, transposeB ? n : k, precision).view, transposeA: transposeA,
          transposeB: transposeB, bias: bias, into: c.view, accumulate: accumulate)
        for (index, value) in c.view.values.enumerated() {
          let before = accumulate ? Double(start[index]) : 0
          // k float additions of terms up to 1, which bf16 holds exactly.
          #expect(abs(Double(value) - expected[index] - Double(bias[index % n]) - before) < 1e-5)
        }
      }
    }
  }

  @Test(arguments: Precision.allCases, [1, 37, 600])
  func packedWeightsGiveTheProductOfThePlainOnes(precision: Precision, rows: Int) {
    let (inputs, outputs) = (48, 200)
    let weight = FloatBuffer(count: inputs * outputs)
    let bias = Self.values(outputs, 0.3)
    let packed = PackedWeight(
      Matrix(weight, rows: outputs, columns: inputs), precision: precision)
    // Packed again, as after a step of training.
    _ = weight.elements.update(from: Self.values(inputs * outputs, 1.9))
    packed.pack(Matrix(weight, rows: outputs, columns: inputs))
    let x = Self.values(rows * inputs, 0.7)

    let y = ElementwiseTests.operand([Float](repeating: 9, count: rows * outputs), rows, .fp32)
    MatrixProduct.multiply(
      ElementwiseTests.operand(x, rows, precision).view, packed, bias: bias, activation: .relu,
      into: y.view)
    let expected = Self.product(
      x, Array(weight.elements), (rows, outputs, inputs), transposeA: false, transposeB: true)
    for (index, value) in y.view.values.enumerated() {
      // Sums of 48 terms up to 1.
      #expect(abs(Double(value) - max(0, expected[index] + Double(bias[index % outputs]))) < 1e-5)
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
