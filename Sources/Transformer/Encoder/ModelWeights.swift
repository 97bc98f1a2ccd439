import Kernels

/// The model's weights as products read them, made again when the parameters changed.
///
/// Inference packs each weight once. Training, where they change with each step, reads them as they
/// lie: the parameters themselves, or one copy of all of them in bf16.
final class ModelWeights {
  private struct Key: Hashable {
    let parameter: Parameter
    let precision: Precision
  }

  private struct Entry {
    let weight: PackedWeight
    var version: Int
  }

  private var entries: [Key: Entry] = [:]
  private var rounded: (copy: OperandBuffer, version: Int)?

  /// Forgets all copies, for another precision.
  func removeAll() {
    entries.removeAll()
    rounded = nil
  }

  /// The packed copy of a weight.
  ///
  /// - Parameters:
  ///   - parameter: Which weight.
  ///   - precision: The format of the operands.
  ///   - version: Rises with each change of the parameters.
  ///   - matrix: Its present values, `[out, in]`.
  /// - Returns: The copy, packed from these values.
  func packed(
    _ parameter: Parameter, precision: Precision, version: Int, _ matrix: Matrix
  ) -> PackedWeight {
    let key = Key(parameter: parameter, precision: precision)
    if let entry = entries[key] {
      if entry.version != version {
        entry.weight.pack(matrix)
        entries[key]?.version = version
      }
      return entry.weight
    }
    let weight = PackedWeight(matrix, precision: precision)
    entries[key] = Entry(weight: weight, version: version)
    return weight
  }

  /// All parameters in bf16.
  ///
  /// - Parameters:
  ///   - parameters: Their present values.
  ///   - version: As for `packed`.
  /// - Returns: The copy, in the same layout.
  func rounded(_ parameters: FloatBuffer, version: Int) -> OperandBuffer {
    if let rounded, rounded.version == version { return rounded.copy }
    let copy = rounded?.copy ?? OperandBuffer(count: parameters.count, precision: .bf16)
    StepProfile.time(.products) {
      Operand(copy, rows: 1, columns: copy.count)
        .assign(Matrix(parameters, rows: 1, columns: copy.count))
    }
    rounded = (copy, version)
    return copy
  }

  /// The copy in bf16 where one was made, to be written by who writes the parameters.
  ///
  /// - Parameter version: The parameters' from then on.
  /// - Returns: The copy, which counts as that of `version`.
  func roundedCopy(of version: Int) -> OperandBuffer? {
    guard let copy = rounded?.copy else { return nil }
    rounded = (copy, version)
    return copy
  }
}

extension MaskedLanguageModel {
  /// Writes `c = f(x Wᵀ + bias)`.
  func product(
    _ x: Operand, _ weight: Parameter, bias: UnsafePointer<Float>? = nil,
    activation: Activation? = nil, into c: Operand
  ) {
    guard !isTraining else {
      MatrixProduct.multiply(
        x, operand(of: weight, x.precision), transposeB: true, bias: bias, into: c)
      activation?.forward(c, into: c)
      return
    }
    let packed = weights.packed(
      weight, precision: x.precision, version: parametersVersion, matrix(of: weight, in: storage))
    MatrixProduct.multiply(x, packed, bias: bias, activation: activation, into: c)
  }

  /// Writes `dx = dy W`, or adds to it.
  func productBackward(
    _ dy: Operand, _ weight: Parameter, into dx: Operand, accumulate: Bool = false
  ) {
    MatrixProduct.multiply(
      dy, operand(of: weight, dy.precision), into: dx, accumulate: accumulate)
  }

  /// Adds `dyᵀ x` to the gradient of a weight.
  func addWeightGradient(_ dy: Operand, _ x: Operand, _ weight: Parameter) {
    let isFirst = takeUnwritten(weight)
    MatrixProduct.multiply(
      dy, x, transposeA: true, into: Operand(matrix(of: weight, in: gradientStorage)),
      accumulate: !isFirst)
  }

  /// A weight as it lies, in a format.
  private func operand(of parameter: Parameter, _ precision: Precision) -> Operand {
    let floats = matrix(of: parameter, in: storage)
    guard precision == .bf16 else { return Operand(floats) }
    return Operand(
      weights.rounded(storage, version: parametersVersion),
      offset: layout.entry(parameter).offset, rows: floats.rows, columns: floats.columns)
  }

  /// A product's weight; that of queries reaches over keys and values too, `[3C, C]`.
  private func matrix(of parameter: Parameter, in buffer: FloatBuffer) -> Matrix {
    let entry = layout.entry(parameter)
    return Matrix(
      buffer, offset: entry.offset, rows: entry.shape[0] * (parameter.isQuery ? 3 : 1),
      columns: entry.shape[1])
  }
}
