package import Kernels

/// Scratch of the head: dense, activation, norm, and the decoder tied to the word embeddings.
///
/// Rows are worked off in chunks, so that the `[rows, vocab]` logits never exist as a whole.
final class MaskedLanguageModelHead {
  /// Rows of one chunk: enough that the products run at full speed, 62 MB of logits for BERT.
  static let chunkRows = 512

  private var buffers: Buffers?
  private let configuration: EncoderConfiguration

  struct Buffers {
    let rows: Int
    let input: FloatBuffer  // [rows, C]
    let dense: FloatBuffer  // [rows, C], before the activation
    let activated: FloatBuffer  // [rows, C]
    let output: FloatBuffer  // [rows, C], the decoder's input
    let statistics: FloatBuffer  // mean [rows], rstd [rows]
    let logits: FloatBuffer  // [rows, V]
    let gradient: FloatBuffer  // [rows, C]
    let partials: FloatBuffer  // 2 · threads · C
  }

  init(configuration: EncoderConfiguration) { self.configuration = configuration }

  /// Scratch for at least `rows` rows.
  func scratch(rows: Int) -> Buffers {
    if let buffers, buffers.rows >= rows { return buffers }
    buffers = nil
    let c = configuration.hiddenSize
    let made = Buffers(
      rows: rows, input: FloatBuffer(count: rows * c), dense: FloatBuffer(count: rows * c),
      activated: FloatBuffer(count: rows * c), output: FloatBuffer(count: rows * c),
      statistics: FloatBuffer(count: 2 * rows),
      logits: FloatBuffer(count: rows * configuration.vocabSize),
      gradient: FloatBuffer(count: rows * c),
      partials: FloatBuffer(count: 2 * Parallel.threads * c))
    buffers = made
    return made
  }
}

extension MaskedLanguageModel {
  /// Computes logits at some tokens of the encoded batch, chunk by chunk.
  ///
  /// - Parameters:
  ///   - rows: Token indexes of the batch.
  ///   - body: Receives the chunk's range of `rows`, its logits `[n, vocab]`, and the decoder's
  ///     inputs `[n, hidden]` (the head's transform); both are overwritten by the next chunk.
  package func forEachLogitChunk(
    rows: [Int32], _ body: (Range<Int>, Matrix, Matrix) throws -> Void
  ) rethrows {
    try forEachChunk(rows) { range, buffers in
      let logits = headForward(rows[range], buffers)
      let output = Matrix(buffers.output, rows: range.count, columns: configuration.hiddenSize)
      try body(range, logits, output)
    }
  }

  /// Runs the head forward and backward at some tokens of the batch, chunk by chunk.
  ///
  /// - Parameters:
  ///   - rows: Token indexes of the batch.
  ///   - loss: Receives the chunk's range of `rows` and its logits `[n, vocab]`, which it replaces
  ///     by the gradient of the loss.
  package func trainHead(rows: [Int32], _ loss: (Range<Int>, Matrix) throws -> Void) rethrows {
    try forEachChunk(rows) { range, buffers in
      let logits = headForward(rows[range], buffers)
      try loss(range, logits)
      headBackward(rows[range], buffers, dLogits: logits)
    }
  }

  private func forEachChunk(
    _ rows: [Int32], _ body: (Range<Int>, MaskedLanguageModelHead.Buffers) throws -> Void
  ) rethrows {
    let limit = MaskedLanguageModelHead.chunkRows
    let buffers = head.scratch(rows: min(limit, max(rows.count, 1)))
    // Chunks of equal size: a short last one would waste the products.
    let chunks = (rows.count + limit - 1) / limit
    for chunk in 0..<chunks {
      let range = rows.count * chunk / chunks..<rows.count * (chunk + 1) / chunks
      try body(range, buffers)
    }
  }

  private func headForward(
    _ rows: ArraySlice<Int32>, _ buffers: MaskedLanguageModelHead.Buffers
  ) -> Matrix {
    let (n, c) = (rows.count, configuration.hiddenSize)
    let input = Matrix(buffers.input, rows: n, columns: c)
    let dense = Matrix(buffers.dense, rows: n, columns: c)
    let activated = Matrix(buffers.activated, rows: n, columns: c)
    let output = Matrix(buffers.output, rows: n, columns: c)
    let logits = Matrix(buffers.logits, rows: n, columns: configuration.vocabSize)
    RowOperations.gather(rows, of: lastHiddenStates, into: input)
    MatrixProduct.multiply(input, weight(.headTransform(.weight)), transposeB: true, into: dense)
    configuration.activation.forward(
      dense, bias: values(of: .headTransform(.bias)), into: activated)
    LayerNorm.forward(
      activated, bias: nil, residual: nil, gamma: values(of: .headNorm(.weight)),
      beta: values(of: .headNorm(.bias)), epsilon: configuration.layerNormEps, into: output,
      mean: buffers.statistics.base, rstd: buffers.statistics.base + buffers.rows)
    MatrixProduct.multiply(output, weight(.wordEmbeddings), transposeB: true, into: logits)
    Bias.add(values(of: .decoderBias), to: logits)
    return logits
  }

  private func headBackward(
    _ rows: ArraySlice<Int32>, _ buffers: MaskedLanguageModelHead.Buffers, dLogits: Matrix
  ) {
    let (n, c) = (rows.count, configuration.hiddenSize)
    let output = Matrix(buffers.output, rows: n, columns: c)
    let d = Matrix(buffers.gradient, rows: n, columns: c)
    Bias.addGradient(dLogits, into: gradient(of: .decoderBias))
    MatrixProduct.multiply(
      dLogits, output, transposeA: true, into: weightGradient(.wordEmbeddings), accumulate: true)
    MatrixProduct.multiply(dLogits, weight(.wordEmbeddings), into: d)
    LayerNorm.backward(
      d, sum: Matrix(buffers.activated, rows: n, columns: c), mean: buffers.statistics.base,
      rstd: buffers.statistics.base + buffers.rows, gamma: values(of: .headNorm(.weight)),
      dGamma: gradient(of: .headNorm(.weight)), dBeta: gradient(of: .headNorm(.bias)),
      partials: buffers.partials)
    configuration.activation.backward(d, x: Matrix(buffers.dense, rows: n, columns: c))
    Bias.addGradient(d, into: gradient(of: .headTransform(.bias)))
    MatrixProduct.multiply(
      d, Matrix(buffers.input, rows: n, columns: c), transposeA: true,
      into: weightGradient(.headTransform(.weight)), accumulate: true)
    // The decoder's input is no longer needed: its memory takes the gradient of the hidden states.
    MatrixProduct.multiply(d, weight(.headTransform(.weight)), into: output)
    RowOperations.scatterAdd(output, to: rows, of: lastHiddenGradient)
  }
}
