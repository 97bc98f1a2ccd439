import Foundation
import Kernels
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
    let bias: [Float] = [0.25]
    activation.forward(
      Matrix(x, rows: Self.inputs.count, columns: 1), bias: bias,
      into: Matrix(y, rows: Self.inputs.count, columns: 1))
    for (index, input) in Self.inputs.enumerated() {
      let expected = definition(Double(input + 0.25))
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
      Matrix(x, rows: rows, columns: columns), bias: nil, residual: nil, gamma: gamma, beta: beta,
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
}
