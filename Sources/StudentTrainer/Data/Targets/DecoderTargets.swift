package import Kernels

/// Inputs of the teacher's decoder for n targets.
package struct DecoderTargets: Sendable {
  /// The product that turns them into logits.
  package let decoder: TeacherDecoder
  /// Number of targets.
  package let count: Int
  /// The inputs, shape `[count, hidden]`, row-major.
  package let inputs: [Float]

  /// Inputs for a decoder.
  ///
  /// - Precondition: the inputs fill whole rows.
  package init(decoder: TeacherDecoder, count: Int, inputs: [Float]) {
    precondition(
      inputs.count == count * decoder.hiddenSize, "inputs of \(decoder.hiddenSize) values")
    self.decoder = decoder
    self.count = count
    self.inputs = inputs
  }
}

/// The teacher's output layer: logits = inputs · weightᵀ + bias. Owns its memory; read-only.
package final class TeacherDecoder: @unchecked Sendable {  // nothing is written after init
  /// Width of the inputs.
  package let hiddenSize: Int
  /// Entries of the vocabulary.
  package let vocabSize: Int
  /// `[vocab, hidden + 1]`: the bias is the weight of a last input that is 1, which spares a pass over
  /// the logits.
  private let weight: FloatBuffer

  /// Copies the output layer.
  ///
  /// - Parameters:
  ///   - weight: `[vocab, hidden]`, row-major.
  ///   - bias: `[vocab]`.
  ///   - hiddenSize: Width of the inputs.
  /// - Precondition: the shapes agree.
  package init(weight: [Float], bias: [Float], hiddenSize: Int) {
    precondition(weight.count == bias.count * hiddenSize, "\(weight.count) weights")
    self.hiddenSize = hiddenSize
    vocabSize = bias.count
    self.weight = FloatBuffer(count: bias.count * (hiddenSize + 1))
    let rows = Matrix(self.weight, rows: bias.count, columns: hiddenSize + 1)
    for (index, value) in bias.enumerated() {
      let row = rows.row(index)
      _ = row.update(fromContentsOf: weight[index * hiddenSize..<(index + 1) * hiddenSize])
      row[hiddenSize] = value
    }
  }

  /// Writes the logits of some inputs.
  ///
  /// - Parameters:
  ///   - inputs: `[n, hidden]`.
  ///   - range: The rows of them that are wanted.
  ///   - scratch: At least `range.count * (hiddenSize + 1)` floats, overwritten.
  ///   - logits: Receives `[range.count, vocab]`.
  package func logits(
    of inputs: [Float], _ range: Range<Int>, scratch: FloatBuffer, into logits: Matrix
  ) {
    let input = Matrix(scratch, rows: range.count, columns: hiddenSize + 1)
    for (row, index) in range.enumerated() {
      let values = input.row(row)
      _ = values.update(fromContentsOf: inputs[index * hiddenSize..<(index + 1) * hiddenSize])
      values[hiddenSize] = 1
    }
    MatrixProduct.multiply(
      input, Matrix(weight, rows: vocabSize, columns: hiddenSize + 1), transposeB: true,
      into: logits)
  }
}
