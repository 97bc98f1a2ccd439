import CKernels

/// A model's weight as products read it best: in oneDNN's own layout and in the format of the
/// product, cut along the result's columns into a slice for each thread.
///
/// Where oneDNN is not used it refers to the floats themselves, or holds them rounded.
package final class PackedWeight {
  /// Which product the weight `W`, `[out, in]`, stands in.
  package enum Use: Sendable {
    /// y = x Wᵀ.
    case forward
    /// dx = dy W.
    case backward
  }

  private struct Slice {
    let columns: Range<Int>
    let reference: OneDNNProduct
    let buffer: OperandBuffer
  }

  /// K, the columns of what is multiplied.
  package let inputs: Int
  /// N, the columns of the result.
  package let outputs: Int
  /// The format of the operands.
  package let precision: Precision
  private let use: Use
  private let slices: [Slice]
  private let rounded: OperandBuffer?
  private var floats: Matrix

  /// Rows for which the layout is chosen; it is the same for all in practice.
  private static let referenceRows = 512
  /// Rows that are multiplied before their activation.
  private static let activationRows = 64

  /// Packs a weight.
  ///
  /// - Parameters:
  ///   - weight: `[out, in]`; its memory must outlive this object.
  ///   - use: The product it stands in.
  ///   - precision: The format of the operands.
  package init(_ weight: Matrix, use: Use, precision: Precision) {
    self.use = use
    self.precision = precision
    floats = weight
    (inputs, outputs) =
      use == .forward ? (weight.columns, weight.rows) : (weight.rows, weight.columns)
    var slices: [Slice] = []
    if OneDNN.isUsed {
      let parts = Parallel.parts(outputs, grain: 64)
      let units = (outputs + 63) / 64
      for part in 0..<parts {
        let columns = units * part / parts * 64..<min(outputs, units * (part + 1) / parts * 64)
        let shape = Self.shape(
          m: Self.referenceRows, n: columns.count, k: inputs, width: outputs, precision)
        let reference = OneDNN.product(shape)
        let bytes = reference.weightBytes
        slices.append(
          Slice(
            columns: columns, reference: reference,
            buffer: OperandBuffer(
              count: (bytes + precision.elementBytes - 1) / precision.elementBytes,
              precision: precision)))
      }
    }
    self.slices = slices
    rounded =
      slices.isEmpty && precision == .bf16
      ? OperandBuffer(count: weight.count, precision: .bf16) : nil
    pack(weight)
  }

  /// Packs new values of the weight, of the shape it was made with.
  package func pack(_ weight: Matrix) {
    precondition(weight.rows == floats.rows && weight.columns == floats.columns, "another shape")
    floats = weight
    rounded.map { Operand($0, rows: weight.rows, columns: weight.columns).assign(weight) }
    Parallel.forEach(slices.count) { part in
      for slice in slices[part] {
        // B = Wᵀ lies by columns, B = W by rows.
        let first = slice.columns.lowerBound
        slice.reference.pack(
          weight.base + (use == .forward ? first * weight.columns : first),
          rowStride: use == .forward ? 1 : weight.columns,
          columnStride: use == .forward ? weight.columns : 1, into: slice.buffer.base)
      }
    }
  }

  private static func shape(
    m: Int, n: Int, k: Int, width: Int, _ precision: Precision
  ) -> ProductShape {
    ProductShape(
      m: m, n: n, k: k, a: .rows(k, precision), b: .rows(n, precision), c: .rows(width, .fp32),
      isPacked: true)
  }

  /// Writes `c = f(a B + bias)` on the calling thread for some rows and slices.
  fileprivate func run(
    _ a: Operand, slices range: Range<Int>, bias: UnsafePointer<Float>?, activation: Activation?,
    into c: Operand, accumulate: Bool
  ) {
    // What an activation goes over next should still be in the core's own cache.
    let panelRows = activation == nil ? a.rows : Self.activationRows
    for slice in slices[range] {
      let first = slice.columns.lowerBound
      for start in stride(from: 0, to: a.rows, by: panelRows) {
        let rows = start..<min(start + panelRows, a.rows)
        let panel = c.rows(rows)
        var shape = Self.shape(
          m: rows.count, n: slice.columns.count, k: inputs, width: outputs, precision)
        shape.c.precision = c.precision
        shape.hasBias = bias != nil
        shape.accumulates = accumulate
        OneDNN.product(shape, weights: slice.reference).run(
          a.rows(rows).base, slice.buffer.base, bias: bias.map { $0 + first },
          into: panel.base + first * c.precision.elementBytes)
        activation?.apply(panel, columns: slice.columns)
      }
    }
  }

  fileprivate var sliceCount: Int { slices.count }

  /// The weight unpacked, where there are no slices.
  fileprivate var plain: Operand {
    rounded.map { Operand($0, rows: floats.rows, columns: floats.columns) } ?? Operand(floats)
  }

  fileprivate var isTransposed: Bool { use == .forward }
}

extension MatrixProduct {
  /// Writes `c = f(a B + bias)`, or adds `a B + bias` to it, B a packed weight.
  ///
  /// - Parameters:
  ///   - a: `[M, inputs]`, of the weight's format.
  ///   - weight: B.
  ///   - bias: `[outputs]`, added to every row, or nil.
  ///   - activation: f, applied to the sum; the identity where nil.
  ///   - c: `[M, outputs]`, of either format; does not alias `a`.
  ///   - accumulate: Add to `c` instead of replacing it.
  /// - Precondition: the shapes agree.
  package static func multiply(
    _ a: Operand, _ weight: PackedWeight, bias: UnsafePointer<Float>? = nil,
    activation: Activation? = nil, into c: Operand, accumulate: Bool = false
  ) {
    precondition(
      a.columns == weight.inputs && c.columns == weight.outputs && a.rows == c.rows,
      "product of [\(a.rows), \(a.columns)] and a packed [\(weight.inputs), \(weight.outputs)] "
        + "into [\(c.rows), \(c.columns)]")
    precondition(a.precision == weight.precision, "a product of \(a.precision) and another format")
    precondition(activation == nil || !accumulate, "an activation of a part of a sum")
    guard a.rows > 0 else { return }
    guard weight.sliceCount > 0 else {
      multiply(
        a, weight.plain, transposeB: weight.isTransposed, bias: bias, into: c,
        accumulate: accumulate)
      if let activation { activation.forward(c, into: c) }
      return
    }
    StepProfile.time(.products) {
      // Few rows keep the threads busier when each takes its own columns.
      if a.rows < 256 * weight.sliceCount {
        Parallel.forEach(weight.sliceCount) { part in
          weight.run(
            a, slices: part, bias: bias, activation: activation, into: c, accumulate: accumulate)
        }
      } else {
        Parallel.forEach(a.rows, grain: 16) { part in
          weight.run(
            a.rows(part), slices: 0..<weight.sliceCount, bias: bias, activation: activation,
            into: c.rows(part), accumulate: accumulate)
        }
      }
    }
  }
}
