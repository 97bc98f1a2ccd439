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
  private let weight: FloatBuffer
  private let bias: FloatBuffer

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
    self.weight = FloatBuffer(count: weight.count)
    self.bias = FloatBuffer(count: bias.count)
    _ = self.weight.elements.update(from: weight)
    _ = self.bias.elements.update(from: bias)
  }

  /// Writes the logits of some inputs.
  ///
  /// - Parameters:
  ///   - inputs: `[n, hidden]`.
  ///   - logits: Receives `[n, vocab]`.
  package func logits(of inputs: Matrix, into logits: Matrix) {
    MatrixProduct.multiply(
      inputs, Matrix(weight, rows: vocabSize, columns: hiddenSize), transposeB: true, into: logits)
    Bias.add(bias.base, to: logits)
  }
}
