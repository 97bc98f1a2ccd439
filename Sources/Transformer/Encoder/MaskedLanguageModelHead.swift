package import Kernels

/// Scratch of the head: dense, activation, norm, and the decoder tied to the word embeddings.
///
/// Rows are worked off in chunks, so that the `[rows, vocab]` logits never exist as a whole.
final class MaskedLanguageModelHead {
  /// Rows of one chunk: enough that the products run at full speed, 62 MB of logits for BERT.
  static let chunkRows = 512

  private var buffers: Buffers?
  private let configuration: EncoderConfiguration

  /// Legend: C hidden size, E embedding size (C but in ALBERT), V vocabulary.
  struct Buffers {
    let rows: Int
    let precision: Precision
    let training: Bool
    let input: OperandBuffer  // [rows, C]
    let dense: FloatBuffer  // [rows, E], before the activation
    let activated: FloatBuffer  // [rows, E]
    let output: FloatBuffer  // [rows, E], the decoder's input; later a gradient [rows, C]
    let outputRounded: OperandBuffer?  // [rows, E], nil in single precision
    let statistics: FloatBuffer  // mean [rows], rstd [rows]
    let logits: FloatBuffer  // [rows, V]
    let backward: Backward?
  }

  /// Scratch of the head's backward pass.
  struct Backward {
    let gradient: FloatBuffer  // [rows, E]
    let rounded: OperandBuffer?  // [rows, E], nil in single precision
    let dLogits: OperandBuffer?  // [rows, V], nil in single precision
    let partials: FloatBuffer  // threads · 3E
  }

  init(configuration: EncoderConfiguration) { self.configuration = configuration }

  /// Frees the scratch, for another precision.
  func removeScratch() { buffers = nil }

  /// Scratch for at least `rows` rows.
  func scratch(rows: Int, precision: Precision, training: Bool) -> Buffers {
    if let buffers, buffers.rows >= rows, buffers.precision == precision,
      buffers.training || !training
    {
      return buffers
    }
    buffers = nil
    let (c, v) = (configuration.hiddenSize, configuration.vocabSize)
    let e = configuration.embeddingSize
    func rounded(_ columns: Int) -> OperandBuffer? {
      precision == .fp32 ? nil : OperandBuffer(count: rows * columns, precision: precision)
    }
    let made = Buffers(
      rows: rows, precision: precision, training: training,
      input: OperandBuffer(count: rows * c, precision: precision),
      dense: FloatBuffer(count: rows * e), activated: FloatBuffer(count: rows * e),
      output: FloatBuffer(count: rows * (training ? max(c, e) : e)), outputRounded: rounded(e),
      statistics: FloatBuffer(count: 2 * rows), logits: FloatBuffer(count: rows * v),
      backward: training
        ? Backward(
          gradient: FloatBuffer(count: rows * e), rounded: rounded(e), dLogits: rounded(v),
          partials: FloatBuffer(count: 3 * Parallel.threads * e)) : nil)
    buffers = made
    return made
  }
}

extension MaskedLanguageModel {
  /// Computes logits at some tokens of the encoded batch, chunk by chunk.
  ///
  /// - Parameters:
  ///   - rows: Token indexes of the batch, at which the last layer was computed.
  ///   - body: Receives the chunk's range of `rows`, its logits `[n, vocab]`, and the decoder's
  ///     inputs `[n, embeddingSize]` (the head's transform); both are overwritten by the next chunk.
  package func forEachLogitChunk(
    rows: [Int32], _ body: (Range<Int>, Matrix, Matrix) throws -> Void
  ) rethrows {
    let rows = self.rows(ofTokens: rows, layer: configuration.numHiddenLayers)
    try forEachChunk(rows) { range, buffers in
      let logits = headForward(rows[range], buffers)
      let output = Matrix(buffers.output, rows: range.count, columns: configuration.embeddingSize)
      try body(range, logits, output)
    }
  }

  /// Runs the head forward and backward at some tokens of the batch, chunk by chunk.
  ///
  /// - Parameters:
  ///   - rows: Token indexes of the batch, at which the last layer was computed.
  ///   - sliceRows: Rows that `loss` gets at a time, at most: few enough that what it works on stays
  ///     in the last level of cache until it is done.
  ///   - loss: Receives a range of `rows` and its logits `[n, vocab]`, which it replaces by the
  ///     gradient of the loss.
  package func trainHead(
    rows: [Int32], sliceRows: Int = .max, _ loss: (Range<Int>, Matrix) throws -> Void
  ) rethrows {
    let rows = self.rows(ofTokens: rows, layer: configuration.numHiddenLayers)
    try forEachChunk(rows) { range, buffers in
      let logits = headForward(rows[range], buffers)
      let rounded = buffers.backward?.dLogits.map {
        Operand($0, rows: range.count, columns: logits.columns)
      }
      for start in stride(from: 0, to: range.count, by: min(sliceRows, range.count)) {
        let slice = start..<min(start + min(sliceRows, range.count), range.count)
        let part = logits.rows(slice)
        try loss(range.lowerBound + slice.lowerBound..<range.lowerBound + slice.upperBound, part)
        rounded?.rows(slice).assign(part)
      }
      headBackward(rows[range], buffers, dLogits: rounded ?? Operand(logits))
    }
  }

  private func forEachChunk(
    _ rows: [Int32], _ body: (Range<Int>, MaskedLanguageModelHead.Buffers) throws -> Void
  ) rethrows {
    let limit = MaskedLanguageModelHead.chunkRows
    // Logits that are kept or compared are those of the hidden states, exactly; while training they
    // are rounded as everything is.
    let buffers = head.scratch(
      rows: min(limit, max(rows.count, 1)), precision: isTraining ? precision : .fp32,
      training: isTraining)
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
    let (n, c, e) = (rows.count, configuration.hiddenSize, configuration.embeddingSize)
    let input = Operand(buffers.input, rows: n, columns: c)
    let dense = Matrix(buffers.dense, rows: n, columns: e)
    let activated = Matrix(buffers.activated, rows: n, columns: e)
    let output = Matrix(buffers.output, rows: n, columns: e)
    let rounded = buffers.outputRounded.map { Operand($0, rows: n, columns: e) }
    let logits = Matrix(buffers.logits, rows: n, columns: configuration.vocabSize)
    RowOperations.gather(rows, of: lastHiddenStates, into: input)
    product(
      input, .headTransform(.weight), bias: values(of: .headTransform(.bias)), into: Operand(dense))
    configuration.activation.forward(Operand(dense), into: Operand(activated))
    LayerNorm.forward(
      activated, residual: nil, gamma: values(of: .headNorm(.weight)),
      beta: values(of: .headNorm(.bias)), epsilon: configuration.layerNormEps, into: output,
      rounded: rounded, mean: buffers.statistics.base,
      rstd: buffers.statistics.base + buffers.rows)
    product(
      rounded ?? Operand(output), .wordEmbeddings, bias: values(of: .decoderBias),
      into: Operand(logits))
    return logits
  }

  private func headBackward(
    _ rows: ArraySlice<Int32>, _ buffers: MaskedLanguageModelHead.Buffers, dLogits: Operand
  ) {
    guard let scratch = buffers.backward else {
      preconditionFailure("the batch was encoded for inference; pass training: true")
    }
    let (n, c, e) = (rows.count, configuration.hiddenSize, configuration.embeddingSize)
    let output = Matrix(buffers.output, rows: n, columns: e)
    let d = Matrix(scratch.gradient, rows: n, columns: e)
    let dRounded = scratch.rounded.map { Operand($0, rows: n, columns: e) }
    let decoded =
      buffers.outputRounded.map { Operand($0, rows: n, columns: e) } ?? Operand(output)
    Bias.addGradient(dLogits, into: gradient(of: .decoderBias))
    addWeightGradient(dLogits, decoded, .wordEmbeddings)
    productBackward(dLogits, .wordEmbeddings, into: Operand(d))
    LayerNorm.backward(
      d, sum: Matrix(buffers.activated, rows: n, columns: e), mean: buffers.statistics.base,
      rstd: buffers.statistics.base + buffers.rows, gamma: values(of: .headNorm(.weight)),
      dGamma: gradient(of: .headNorm(.weight)), dBeta: gradient(of: .headNorm(.bias)), dBias: nil,
      partials: scratch.partials)
    configuration.activation.backward(
      Operand(d), x: Operand(Matrix(buffers.dense, rows: n, columns: e)),
      dBias: gradient(of: .headTransform(.bias)), partials: scratch.partials)
    dRounded?.assign(d)
    let dDense = dRounded ?? Operand(d)
    addWeightGradient(
      dDense, Operand(buffers.input, rows: n, columns: c), .headTransform(.weight))
    // The decoder's input is no longer needed: its memory takes the gradient of the hidden states.
    let dInput = Matrix(buffers.output, rows: n, columns: c)
    productBackward(dDense, .headTransform(.weight), into: Operand(dInput))
    RowOperations.scatterAdd(dInput, to: rows, of: lastHiddenGradient)
  }
}
