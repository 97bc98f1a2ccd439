import Foundation
import Kernels
import Transformer

/// Embeddings of width E, with a projection, that stand for embeddings of the hidden size.
///
/// A norm takes the mean out of what it reads, so each row of the tables is first freed of its own.
/// The E - 1 directions in which tokens and positions vary most (a truncated singular value
/// decomposition), turned into the E - 1 directions that a norm of width E leaves alone, make the
/// basis B, `[C, E]`. Then
///
///     tables' = centred tables · B,    projection = s · diag(γ) B,    bias = β
///
/// give LN(x') · projectionᵀ + bias ≈ γ LN(x) + β, exactly so for E = C. The scale s makes up for
/// √(C / E) and for what the truncation leaves out.
struct FactorisedEmbeddings {
  private let basis: [Float]  // [C, E]
  private let scale: Double
  private let (c, e): (Int, Int)
  private let means: [Double]
  private let words: [Float]
  private let positions: [Float]
  private let types: [Float]
  private let gamma: [Float]
  private let beta: [Float]

  /// Factorises; nil where a number is not finite.
  ///
  /// - Parameters:
  ///   - words: Word embeddings, `[V, C]`.
  ///   - positions: Position embeddings, `[rows, C]`.
  ///   - types: Type embeddings, `[rows, C]`, or none.
  ///   - norm: γ and β of the norm behind them, `[C]`.
  ///   - embeddingSize: E, from 2 to C.
  init?(
    words: [Float], positions: [Float], types: [Float], norm: (gamma: [Float], beta: [Float]),
    embeddingSize: Int
  ) {
    (gamma, beta) = norm
    (c, e) = (norm.gamma.count, embeddingSize)
    let c = c
    let tables = [words, positions, types].map { Self.centred($0, width: c) }
    means = Self.means(words, width: c)
    // What tokens add and what positions add count alike; type 0 is added to all.
    var second = [Double](repeating: 0, count: c * c)
    for table in [tables[0], tables[1], Array(tables[2].prefix(c))] where !table.isEmpty {
      let rows = table.count / c
      for (index, value) in Self.gram(table, width: c).enumerated() {
        second[index] += Double(value) / Double(rows)
      }
    }
    guard let (values, vectors) = SymmetricMatrix.eigenvectors(second, size: c) else { return nil }
    // The last eigenvectors are those of the largest values.
    let kept = (c - (e - 1)..<c).reversed()
    let total = values.reduce(0) { $0 + max($1, 0) }
    let keptSum = kept.reduce(0) { $0 + max(values[$1], 0) }
    let share = total > 0 ? keptSum / total : 1
    scale = (Double(c) / Double(e) * share).squareRoot()
    var basis = [Double](repeating: 0, count: c * e)
    for (order, place) in kept.enumerated() {
      let turned = Self.direction(order + 1, width: e)
      for row in 0..<c {
        for column in 0..<e {
          basis[row * e + column] += vectors[place * c + row] * turned[column]
        }
      }
    }
    let rounded = basis.map(Float.init)
    self.basis = rounded
    let cut = tables.map { Self.product($0, rounded, width: c) }
    (self.words, self.positions, self.types) = (cut[0], cut[1], cut[2])
  }

  /// The values of a parameter of the embeddings; nil for any other.
  func embedding(_ parameter: Parameter) -> [Float]? {
    switch parameter {
    case .wordEmbeddings: words
    case .positionEmbeddings: positions
    case .tokenTypeEmbeddings: types.isEmpty ? nil : types
    case .embeddingNorm(let term): [Float](repeating: term == .weight ? 1 : 0, count: e)
    case .embeddingProjection(.weight):
      basis.indices.map { Float(scale * Double(gamma[$0 / e]) * Double(basis[$0])) }
    case .embeddingProjection(.bias): beta
    default: nil
    }
  }

  /// The values of a parameter of the head: what the model's transform gives, seen in the basis.
  ///
  /// The activation works on other coordinates there, so this is a start, not an equal.
  func head(
    _ parameter: Parameter, transform: (weight: [Float], bias: [Float]),
    norm: (gamma: [Float], beta: [Float]), decoderBias: [Float]
  ) -> [Float]? {
    let size = norm.gamma.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(c)
    switch parameter {
    case .headTransform(.weight): return turned(transform.weight, columns: c)
    case .headTransform(.bias): return turned(transform.bias, columns: 1)
    case .headNorm(.weight):
      return [Float](repeating: Float(scale * size.squareRoot()), count: e)
    case .headNorm(.bias): return turned(norm.beta, columns: 1)
    case .decoderBias:
      // Rows of the words lost their means, which the shift of the norm multiplied.
      let shift = norm.beta.reduce(0.0) { $0 + Double($1) }
      return zip(decoderBias, means).map { Float(Double($0) + $1 * shift) }
    default: return nil
    }
  }

  /// Bᵀ m for an `[C, columns]` matrix.
  private func turned(_ matrix: [Float], columns: Int) -> [Float] {
    var result = [Double](repeating: 0, count: e * columns)
    for d in 0..<c {
      for row in 0..<e {
        let factor = Double(basis[d * e + row])
        for column in 0..<columns {
          result[row * columns + column] += factor * Double(matrix[d * columns + column])
        }
      }
    }
    return result.map(Float.init)
  }

  /// The k-th of E - 1 orthonormal directions whose coordinates sum to 0 (Helmert's).
  private static func direction(_ k: Int, width: Int) -> [Double] {
    let length = Double(k * (k + 1)).squareRoot()
    return (0..<width).map { $0 < k ? 1 / length : $0 == k ? -Double(k) / length : 0 }
  }

  private static func means(_ table: [Float], width: Int) -> [Double] {
    (0..<table.count / width).map { row in
      table[row * width..<(row + 1) * width].reduce(0.0) { $0 + Double($1) } / Double(width)
    }
  }

  private static func centred(_ table: [Float], width: Int) -> [Float] {
    let means = means(table, width: width)
    return table.indices.map { Float(Double(table[$0]) - means[$0 / width]) }
  }

  /// tableᵀ table of a table `[rows, width]`.
  private static func gram(_ table: [Float], width: Int) -> [Float] {
    let (input, output) = (buffer(table), FloatBuffer(count: width * width))
    let rows = Matrix(input, rows: table.count / width, columns: width)
    MatrixProduct.multiply(
      rows, rows, transposeA: true, into: Matrix(output, rows: width, columns: width))
    return withExtendedLifetime(input) { Array(output.elements) }
  }

  /// table · basis, of `[rows, width]` and `[width, columns]`.
  private static func product(_ table: [Float], _ basis: [Float], width: Int) -> [Float] {
    let (rows, columns) = (table.count / width, basis.count / width)
    let (a, b, c) = (buffer(table), buffer(basis), FloatBuffer(count: rows * columns))
    MatrixProduct.multiply(
      Matrix(a, rows: rows, columns: width), Matrix(b, rows: width, columns: columns),
      into: Matrix(c, rows: rows, columns: columns))
    return withExtendedLifetime((a, b)) { Array(c.elements) }
  }

  private static func buffer(_ values: [Float]) -> FloatBuffer {
    let buffer = FloatBuffer(count: values.count)
    _ = buffer.elements.update(fromContentsOf: values)
    return buffer
  }
}
