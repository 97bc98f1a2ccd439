import Kernels
import Transformer

/// Losses between hidden states of the student and of the teacher. Owns scratch memory for
/// projections; one caller at a time.
final class StateLoss {
  /// Rows that are projected at a time.
  private static let chunkRows = 512

  private var inputs = FloatBuffer(count: 0)
  private var projected = FloatBuffer(count: 0)
  private var gradients = FloatBuffer(count: 0)
  private var inputGradients = FloatBuffer(count: 0)

  /// Adds the loss's gradient to that of the student's states, and to its projection's.
  ///
  /// - Parameters:
  ///   - kind: What is measured.
  ///   - states: The teacher's, at some tokens of the batch.
  ///   - layer: The student's layer, 0 the embeddings.
  ///   - model: The student, encoded for training.
  ///   - projection: Index of the learned projection; nil where states are compared as they are.
  ///   - weight: Of each row.
  ///   - gradient: Of the student's states of the layer, of their shape.
  /// - Returns: The sum over the rows, unweighted.
  func accumulate(
    _ kind: HiddenLoss.Kind, _ states: TeacherStates, layer: Int, model: MaskedLanguageModel,
    projection: Int?, weight: Double, gradient: Matrix
  ) -> Double {
    let hidden = model.hiddenState(layer)
    let rows = model.rows(ofTokens: states.rows, layer: layer)
    guard let projection else {
      return Self.rows(kind, states, 0..<states.rows.count, weight: weight) { index in
        let row = Int(rows[index])
        return (hidden.row(row), gradient.row(row))
      }
    }
    let (width, columns) = (states.hiddenSize, hidden.columns)
    reserve(&inputs, Self.chunkRows * columns)
    reserve(&inputGradients, Self.chunkRows * columns)
    reserve(&projected, Self.chunkRows * width)
    reserve(&gradients, Self.chunkRows * width)
    var sum = 0.0
    for start in stride(from: 0, to: states.rows.count, by: Self.chunkRows) {
      let range = start..<min(start + Self.chunkRows, states.rows.count)
      let x = Matrix(inputs, rows: range.count, columns: columns)
      let dx = Matrix(inputGradients, rows: range.count, columns: columns)
      let y = Matrix(projected, rows: range.count, columns: width)
      let dy = Matrix(gradients, rows: range.count, columns: width)
      RowOperations.gather(rows[range], of: hidden, into: Operand(x))
      model.project(projection, x, into: y)
      dy.elements.update(repeating: 0)
      sum += Self.rows(kind, states, range, weight: weight) { index in
        (y.row(index - start), dy.row(index - start))
      }
      model.projectBackward(projection, dy: dy, x: x, into: dx)
      RowOperations.scatterAdd(dx, to: rows[range], of: gradient)
    }
    return sum
  }

  /// The losses of some rows, whose gradients are added to; their sum in the order of the rows.
  private static func rows(
    _ kind: HiddenLoss.Kind, _ states: TeacherStates, _ range: Range<Int>, weight: Double,
    _ row: (Int) -> (UnsafeMutableBufferPointer<Float>, UnsafeMutableBufferPointer<Float>)
  ) -> Double {
    var losses = [Double](repeating: 0, count: range.count)
    losses.withUnsafeMutableBufferPointer { losses in
      let losses = losses
      states.values.withUnsafeBufferPointer { values in
        Parallel.forEach(range.count) { part in
          for offset in part {
            let index = range.lowerBound + offset
            let start = index * states.hiddenSize
            let teacher = UnsafeBufferPointer(rebasing: values[start..<start + states.hiddenSize])
            let (student, gradient) = row(index)
            losses[offset] =
              switch kind {
              case .cosine:
                SoftTargetLossKernels.cosine(
                  student, teacher: teacher, weight: weight, gradient: gradient)
              case .mse:
                SoftTargetLossKernels.squaredError(
                  student, teacher: teacher, weight: weight, gradient: gradient)
              }
          }
        }
      }
    }
    return losses.reduce(0, +)
  }

  private func reserve(_ buffer: inout FloatBuffer, _ count: Int) {
    if buffer.count < count { buffer = FloatBuffer(count: count) }
  }
}
