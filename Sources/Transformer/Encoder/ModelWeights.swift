import Kernels

/// The model's weights as products read them: packed once, and again when the parameters changed.
///
/// Single precision is packed for inference alone: while training, its weights change with each step
/// and the floats themselves serve nearly as well.
final class ModelWeights {
  private struct Key: Hashable {
    let parameter: Parameter
    let precision: Precision
    let use: PackedWeight.Use
  }

  private struct Entry {
    let weight: PackedWeight
    var version: Int
  }

  private var entries: [Key: Entry] = [:]

  /// Forgets all packed copies, for another precision.
  func removeAll() { entries.removeAll() }

  /// The packed copy of a weight.
  ///
  /// - Parameters:
  ///   - parameter: Which weight.
  ///   - use: The product it stands in.
  ///   - precision: The format of the operands.
  ///   - version: Rises with each change of the parameters.
  ///   - matrix: Its present values, `[out, in]`.
  /// - Returns: The copy, packed from these values.
  func packed(
    _ parameter: Parameter, _ use: PackedWeight.Use, precision: Precision, version: Int,
    _ matrix: Matrix
  ) -> PackedWeight {
    let key = Key(parameter: parameter, precision: precision, use: use)
    if let entry = entries[key] {
      if entry.version != version {
        entry.weight.pack(matrix)
        entries[key]?.version = version
      }
      return entry.weight
    }
    let weight = PackedWeight(matrix, use: use, precision: precision)
    entries[key] = Entry(weight: weight, version: version)
    return weight
  }
}

extension MaskedLanguageModel {
  /// Writes `c = f(x Wᵀ + bias)`.
  func product(
    _ x: Operand, _ weight: Parameter, bias: UnsafePointer<Float>? = nil,
    activation: Activation? = nil, into c: Operand
  ) {
    if x.precision == .fp32 && isTraining {
      MatrixProduct.multiply(
        x, Operand(matrix(of: weight)), transposeB: true, bias: bias, into: c)
      activation?.forward(c, into: c)
    } else {
      MatrixProduct.multiply(
        x, packed(weight, .forward, x.precision), bias: bias, activation: activation, into: c)
    }
  }

  /// Writes `dx = dy W`, or adds to it.
  func productBackward(
    _ dy: Operand, _ weight: Parameter, into dx: Operand, accumulate: Bool = false
  ) {
    if dy.precision == .fp32 {
      MatrixProduct.multiply(dy, Operand(matrix(of: weight)), into: dx, accumulate: accumulate)
    } else {
      MatrixProduct.multiply(
        dy, packed(weight, .backward, dy.precision), into: dx, accumulate: accumulate)
    }
  }

  /// Adds `dyᵀ x` to the gradient of a weight.
  func addWeightGradient(_ dy: Operand, _ x: Operand, _ weight: Parameter) {
    let isFirst = takeUnwritten(weight)
    MatrixProduct.multiply(
      dy, x, transposeA: true, into: Operand(gradientMatrix(of: weight)), accumulate: !isFirst)
  }

  private func packed(
    _ parameter: Parameter, _ use: PackedWeight.Use, _ precision: Precision
  ) -> PackedWeight {
    weights.packed(
      parameter, use, precision: precision, version: parametersVersion, matrix(of: parameter))
  }

  /// A product's weight; that of queries reaches over keys and values too, `[3C, C]`.
  private func matrix(of parameter: Parameter) -> Matrix {
    matrix(of: parameter, in: storage)
  }

  private func gradientMatrix(of parameter: Parameter) -> Matrix {
    matrix(of: parameter, in: gradientStorage)
  }

  private func matrix(of parameter: Parameter, in buffer: FloatBuffer) -> Matrix {
    let entry = layout.entry(parameter)
    var rows = entry.shape[0]
    if parameter.isQuery { rows *= 3 }
    return Matrix(buffer, offset: entry.offset, rows: rows, columns: entry.shape[1])
  }
}
