import Console
import Kernels
import Transformer

/// The rate of one large product: the limit of everything that is made of products.
struct ProductCeiling: Contender {
  let name = "product ceiling"
  private static let (rows, columns, inner) = (2048, 3072, 768)
  private let left: OperandBuffer
  private let weight: FloatBuffer
  private let right: PackedWeight
  private let product = FloatBuffer(count: rows * columns)

  init(_ precision: ComputePrecision) {
    func filled(_ count: Int) -> FloatBuffer {
      let buffer = FloatBuffer(count: count)
      for index in 0..<count { buffer.base[index] = Float(index % 17) / 17 - 0.5 }
      return buffer
    }
    left = OperandBuffer(count: Self.rows * Self.inner, precision: precision.kernels)
    let values = filled(Self.rows * Self.inner)
    Operand(left, rows: Self.rows, columns: Self.inner)
      .assign(Matrix(values, rows: Self.rows, columns: Self.inner))
    weight = filled(Self.columns * Self.inner)
    right = PackedWeight(
      Matrix(weight, rows: Self.columns, columns: Self.inner), precision: precision.kernels)
  }

  /// Floating-point operations a second.
  func rate() -> Double {
    let times = 4
    let start = ContinuousClock.now
    for _ in 0..<times {
      MatrixProduct.multiply(
        Operand(left, rows: Self.rows, columns: Self.inner), right,
        into: Operand(Matrix(product, rows: Self.rows, columns: Self.columns)))
    }
    let operations = 2 * times * Self.rows * Self.columns * Self.inner
    return Double(operations) / (ContinuousClock.now - start).seconds
  }
}

extension EncoderConfiguration {
  /// Floating-point operations of a token in the products with weights; attention's are left out.
  var forwardOperations: Double {
    let (c, f) = (Double(hiddenSize), Double(intermediateSize))
    return Double(numHiddenLayers) * (8 * c * c + 4 * c * f)
  }

  /// Floating-point operations of a position in the head.
  var headOperations: Double {
    let (c, v) = (Double(hiddenSize), Double(vocabSize))
    return 2 * c * (c + v)
  }
}

extension EncoderConfiguration {
  /// Floating-point operations of a token in a training step: each product has two in its backward
  /// pass.
  ///
  /// - Parameter headShare: Share of the tokens that go through the head, and so through what follows
  ///   the last attention.
  /// - Returns: Operations that are done, attention's left out.
  func stepOperations(headShare: Double) -> Double {
    let (c, f) = (Double(hiddenSize), Double(intermediateSize))
    let spared = (1 - headShare) * (2 * c * c + 4 * c * f)
    return 3 * (forwardOperations - spared + headShare * headOperations)
  }
}
