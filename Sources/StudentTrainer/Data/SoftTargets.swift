package import Kernels

/// The teacher's distributions of a batch, in the form its source has them.
package enum SoftTargets: Sendable {
  /// Hard labels only.
  case none
  /// Kept IDs with probabilities and tail mass at the run's temperature.
  case heads(HeadTargets)
  /// Inputs of the teacher's decoder: the trainer makes the logits, chunk by chunk.
  case decoderInputs(DecoderTargets)
  /// Whole rows of teacher logits.
  case logits(LogitTargets)

  /// Number of targets.
  package var count: Int {
    switch self {
    case .none: 0
    case .heads(let targets): targets.tailMasses.count
    case .decoderInputs(let targets): targets.count
    case .logits(let targets): targets.rows
    }
  }
}

/// Kept IDs and probabilities of n targets, at one temperature.
package struct HeadTargets: Sendable {
  /// Where each target's IDs start: `n + 1` offsets, from 0.
  package var starts: [Int]
  /// Kept IDs, each below the vocabulary size, distinct within a target.
  package var ids: [Int32]
  /// Teacher probabilities, as long as `ids`.
  package var probabilities: [Float]
  /// Teacher mass outside the kept IDs, `[n]`.
  package var tailMasses: [Float]

  /// No targets yet.
  package init() {
    starts = [0]
    ids = []
    probabilities = []
    tailMasses = []
  }

  /// Adds one target.
  package mutating func append(
    ids: some Collection<Int32>, probabilities: some Collection<Float>, tailMass: Float
  ) {
    precondition(ids.count == probabilities.count, "one probability for each kept ID")
    self.ids.append(contentsOf: ids)
    self.probabilities.append(contentsOf: probabilities)
    starts.append(self.ids.count)
    tailMasses.append(tailMass)
  }

  /// The largest number of kept IDs of one target.
  package var largestHead: Int {
    zip(starts, starts.dropFirst()).map { $1 - $0 }.max() ?? 0
  }
}

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

/// Whole rows of teacher logits. Owns its memory; read-only once it is in a batch.
package final class LogitTargets: @unchecked Sendable {  // written before it is shared
  /// Number of targets.
  package let rows: Int
  /// Entries of the vocabulary.
  package let vocabSize: Int
  private let buffer: FloatBuffer

  /// Zeros for `rows` targets.
  package init(rows: Int, vocabSize: Int) {
    self.rows = rows
    self.vocabSize = vocabSize
    buffer = FloatBuffer(count: rows * vocabSize)
  }

  /// All rows, `[rows, vocab]`.
  package var matrix: Matrix { Matrix(buffer, rows: rows, columns: vocabSize) }
}
