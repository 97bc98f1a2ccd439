import Foundation
import Kernels
import Synchronization
import Testing

@Suite struct ElementwiseTests {
  static let inputs: [Float] = (-2000...2000).map { Float($0) / 200 }

  @Test func geluErfEqualsItsDefinition() {
    check(.geluErf) { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) }
  }

  @Test func geluTanhEqualsItsDefinition() {
    check(.geluTanh) {
      0.5 * $0 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0)))
    }
  }

  @Test func reluEqualsItsDefinition() {
    check(.relu) { max($0, 0) }
  }

  private func check(_ activation: Activation, _ definition: (Double) -> Double) {
    let x = FloatBuffer(count: Self.inputs.count)
    let y = FloatBuffer(count: Self.inputs.count)
    _ = x.elements.update(from: Self.inputs)
    activation.forward(
      Operand(Matrix(x, rows: Self.inputs.count, columns: 1)),
      into: Operand(Matrix(y, rows: Self.inputs.count, columns: 1)))
    for (index, input) in Self.inputs.enumerated() {
      let expected = definition(Double(input))
      // 0.5 x (1 + erf): near erf = -1 an error of erf of 2e-7 is multiplied by x.
      #expect(abs(Double(y.elements[index]) - expected) < 2e-7 * max(2.5, abs(Double(input))))
    }
  }

  @Test func layerNormEqualsItsDefinition() {
    let (rows, columns) = (5, 33)
    let values = (0..<rows * columns).map { Float(sin(Double($0) * 1.7) * 3) }
    let x = FloatBuffer(count: values.count)
    let y = FloatBuffer(count: values.count)
    let statistics = FloatBuffer(count: 2 * rows)
    _ = x.elements.update(from: values)
    let gamma = (0..<columns).map { 1 + Float($0) / 50 }
    let beta = (0..<columns).map { Float($0) / 10 }
    LayerNorm.forward(
      Matrix(x, rows: rows, columns: columns), residual: nil, gamma: gamma, beta: beta,
      epsilon: 1e-5, into: Matrix(y, rows: rows, columns: columns), mean: statistics.base,
      rstd: statistics.base + rows)
    for row in 0..<rows {
      let slice = values[row * columns..<(row + 1) * columns].map(Double.init)
      let mean = slice.reduce(0, +) / Double(columns)
      let variance = slice.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(columns)
      for column in 0..<columns {
        let expected =
          (slice[column] - mean) / (variance + 1e-5).squareRoot() * Double(gamma[column])
          + Double(beta[column])
        #expect(abs(Double(y.elements[row * columns + column]) - expected) < 2e-6)
      }
    }
  }

  @Test(arguments: [Activation.geluErf, .geluTanh, .relu])
  func activationGradientEqualsFiniteDifferencesInBothFormats(activation: Activation) {
    let (rows, columns) = (40, 33)
    let values = (0..<rows * columns).map { Float(sin(Double($0) * 1.7) * 4) + 0.013 }
    func f(_ x: [Float]) -> [Float] {
      let x = Self.operand(x, rows, .fp32)
      let y = Self.operand([Float](repeating: 0, count: x.count), rows, .fp32)
      activation.forward(x.view, into: y.view)
      return y.view.values
    }
    let (above, below) = (f(values.map { $0 + 1e-2 }), f(values.map { $0 - 1e-2 }))
    for precision in Precision.allCases {
      let x = Self.operand(values, rows, precision)
      let dy = Self.operand([Float](repeating: 0.5, count: values.count), rows, precision)
      let dBias = FloatBuffer(count: columns)
      activation.backward(
        dy.view, x: x.view, dBias: dBias.base,
        partials: FloatBuffer(count: Parallel.threads * columns))
      // Differences of floats near 4 over 2e-2 are good to 5e-5, and the third derivative adds as
      // much; bf16 keeps 8 bits of x and of the result, whose slope changes by at most 0.8.
      let tolerance: Float = precision == .fp32 ? 3e-4 : 2e-2
      let gradient = dy.view.values
      for index in values.indices where activation != .relu || abs(values[index]) > 2e-2 {
        let expected = 0.5 * (above[index] - below[index]) / 2e-2
        #expect(abs(gradient[index] - expected) < tolerance)
      }
      for column in 0..<columns {
        let sum = stride(from: column, to: values.count, by: columns).reduce(Float(0)) {
          $0 + gradient[$1]
        }
        // 40 results of 8 bits where the sum is taken before they are rounded.
        #expect(abs(dBias.base[column] - sum) < (precision == .fp32 ? 1e-4 : 6e-2))
      }
    }
  }

  @Test func layerNormRoundsItsResultForTheNextProduct() {
    let (rows, columns) = (9, 40)
    let values = (0..<rows * columns).map { Float(sin(Double($0) * 0.9) * 2) }
    let x = Self.operand(values, rows, .fp32)
    let y = FloatBuffer(count: values.count)
    let rounded = OperandBuffer(count: values.count, precision: .bf16)
    let ones = [Float](repeating: 1, count: columns)
    let zeros = [Float](repeating: 0, count: columns)
    let statistics = FloatBuffer(count: 2 * rows)
    guard let floats = x.view.floats else { return }
    LayerNorm.forward(
      Matrix(base: floats, rows: rows, columns: columns), residual: nil, gamma: ones, beta: zeros,
      epsilon: 1e-5, into: Matrix(y, rows: rows, columns: columns),
      rounded: Operand(rounded, rows: rows, columns: columns), mean: statistics.base,
      rstd: statistics.base + rows)
    for (value, exact) in zip(Operand(rounded, rows: rows, columns: columns).values, y.elements) {
      #expect(abs(value - exact) <= abs(exact) / 256)  // half a unit of 8 bits
    }
  }

  @Test func bfloat16RoundsToNearestEvenAndKeepsWhatIsNoNumber() {
    let bits: [(UInt32, UInt16)] = [
      (0x3f80_0000, 0x3f80), (0x3f80_8000, 0x3f80), (0x3f81_8000, 0x3f82), (0x3f80_8001, 0x3f81),
      (0x7f7f_ffff, 0x7f80), (0xff80_0000, 0xff80), (0x8000_0000, 0x8000), (0x0000_8001, 0x0001),
    ]
    let values = bits.map { Float(bitPattern: $0.0) } + [Float.nan, Float(bitPattern: 0x7fff_ffff)]
    let rounded = Self.operand(values, 1, .bf16)
    guard let patterns = rounded.view.bfloat16 else { return }
    for (index, pair) in bits.enumerated() { #expect(patterns[index] == pair.1) }
    #expect(rounded.view.values.suffix(2).allSatisfy { $0.isNaN })
  }

  struct Kept {
    let view: Operand
    var count: Int { view.count }
  }

  /// Buffers of all tests: views do not keep their memory alive.
  private static let buffers = Mutex<[OperandBuffer]>([])

  /// Values as a matrix of some rows in a format.
  static func operand(_ values: [Float], _ rows: Int, _ precision: Precision) -> Kept {
    let floats = FloatBuffer(count: values.count)
    _ = floats.elements.update(from: values)
    let buffer = OperandBuffer(count: values.count, precision: precision)
    buffers.withLock { $0.append(buffer) }
    let view = Operand(buffer, rows: rows, columns: values.count / rows)
    withExtendedLifetime(floats) {
      view.assign(Matrix(floats, rows: rows, columns: values.count / rows))
    }
    return Kept(view: view)
  }
}
