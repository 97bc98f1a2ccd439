/// A model's weight in the layout and format that products of `y = x Wᵀ` read best.
///
/// Where oneDNN is not used it refers to the floats themselves, or holds them rounded.
package final class PackedWeight {
  /// K, the columns of what is multiplied.
  package let inputs: Int
  /// N, the columns of the result.
  package let outputs: Int
  /// The format of the operands.
  package let precision: Precision
  private let reference: OneDNNProduct?
  private let buffer: OperandBuffer?
  private var floats: Matrix

  /// Rows for which the layout is chosen; it is the same for all in practice.
  private static let referenceRows = 512
  /// Rows that are multiplied before their activation, which then finds them in a cache.
  private static let activationRows = 512

  /// Packs a weight.
  ///
  /// - Parameters:
  ///   - weight: W, `[out, in]`; its memory must outlive this object.
  ///   - precision: The format of the operands.
  package init(_ weight: Matrix, precision: Precision) {
    self.precision = precision
    floats = weight
    (inputs, outputs) = (weight.columns, weight.rows)
    if OneDNN.isUsed {
      let product = OneDNN.product(
        Self.shape(m: Self.referenceRows, n: weight.rows, k: weight.columns, precision))
      reference = product
      buffer = OperandBuffer(
        count: (product.weightBytes + precision.elementBytes - 1) / precision.elementBytes,
        precision: precision)
    } else {
      reference = nil
      buffer =
        precision == .fp32 ? nil : OperandBuffer(count: weight.count, precision: precision)
    }
    pack(weight)
  }

  /// Packs new values of the weight, of the shape it was made with.
  package func pack(_ weight: Matrix) {
    precondition(weight.rows == floats.rows && weight.columns == floats.columns, "another shape")
    floats = weight
    guard let buffer else { return }
    if let reference {
      // B = Wᵀ lies by columns.
      reference.pack(weight.base, rowStride: 1, columnStride: weight.columns, into: buffer.base)
    } else {
      Operand(buffer, rows: weight.rows, columns: weight.columns).assign(weight)
    }
  }

  private static func shape(m: Int, n: Int, k: Int, _ precision: Precision) -> ProductShape {
    ProductShape(
      m: m, n: n, k: k, a: .rows(k, precision), b: .rows(n, precision), c: .rows(n, .fp32),
      isPacked: true)
  }

  /// Writes `c = f(a Wᵀ + bias)` for some rows on the calling thread, with oneDNN.
  fileprivate func run(
    _ a: Operand, bias: UnsafePointer<Float>?, activation: Activation?, into c: Operand,
    reference: OneDNNProduct, packed: OperandBuffer
  ) {
    let panelRows = activation == nil ? a.rows : Self.activationRows
    for start in stride(from: 0, to: a.rows, by: panelRows) {
      let rows = start..<min(start + panelRows, a.rows)
      let panel = c.rows(rows)
      var shape = Self.shape(m: rows.count, n: outputs, k: inputs, precision)
      shape.c.precision = c.precision
      shape.hasBias = bias != nil
      OneDNN.product(shape, weights: reference)
        .run(a.rows(rows).base, packed.base, bias: bias, into: panel.base)
      activation?.apply(panel)
    }
  }

  fileprivate var packed: (reference: OneDNNProduct, buffer: OperandBuffer)? {
    guard let reference, let buffer else { return nil }
    return (reference, buffer)
  }

  /// The weight as it lies, where oneDNN is not used.
  fileprivate var plain: Operand {
    buffer.map { Operand($0, rows: outputs, columns: inputs) } ?? Operand(floats)
  }
}

extension MatrixProduct {
  /// Writes `c = f(a Wᵀ + bias)`, W a packed weight.
  ///
  /// - Parameters:
  ///   - a: `[M, inputs]`, of the weight's format.
  ///   - weight: W, `[outputs, inputs]`.
  ///   - bias: `[outputs]`, added to every row, or nil.
  ///   - activation: f, applied to the sum; the identity where nil.
  ///   - c: `[M, outputs]`, of either format; does not alias `a`.
  /// - Precondition: the shapes agree.
  package static func multiply(
    _ a: Operand, _ weight: PackedWeight, bias: UnsafePointer<Float>? = nil,
    activation: Activation? = nil, into c: Operand
  ) {
    precondition(
      a.columns == weight.inputs && c.columns == weight.outputs && a.rows == c.rows,
      "product of [\(a.rows), \(a.columns)] and a packed [\(weight.inputs), \(weight.outputs)] "
        + "into [\(c.rows), \(c.columns)]")
    precondition(a.precision == weight.precision, "a product of \(a.precision) and another format")
    guard a.rows > 0 else { return }
    guard let packed = weight.packed else {
      multiply(a, weight.plain, transposeB: true, bias: bias, into: c)
      if let activation { activation.forward(c, into: c) }
      return
    }
    StepProfile.time(.products) {
      Parallel.forEach(a.rows, grain: 16) { part in
        weight.run(
          a.rows(part), bias: bias, activation: activation, into: c.rows(part),
          reference: packed.reference, packed: packed.buffer)
      }
    }
  }
}
