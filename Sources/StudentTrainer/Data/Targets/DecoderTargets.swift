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
  private let weight: FloatBuffer  // [vocab, hidden]
  private let packed: PackedWeight
  private let bias: FloatBuffer  // [vocab]

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
    _ = self.weight.elements.update(fromContentsOf: weight)
    self.bias = FloatBuffer(count: bias.count)
    _ = self.bias.elements.update(fromContentsOf: bias)
    packed = PackedWeight(
      Matrix(self.weight, rows: bias.count, columns: hiddenSize), precision: .fp32)
  }

  /// Writes the logits of some inputs.
  ///
  /// - Parameters:
  ///   - inputs: `[n, hidden]`.
  ///   - range: The rows of them that are wanted.
  ///   - scratch: At least `range.count * hiddenSize` floats, overwritten.
  ///   - logits: Receives `[range.count, vocab]`.
  package func logits(
    of inputs: [Float], _ range: Range<Int>, scratch: FloatBuffer, into logits: Matrix
  ) {
    let input = Matrix(scratch, rows: range.count, columns: hiddenSize)
    _ = input.elements.update(
      fromContentsOf: inputs[range.lowerBound * hiddenSize..<range.upperBound * hiddenSize])
    MatrixProduct.multiply(Operand(input), packed, bias: bias.base, into: Operand(logits))
  }
}
