import Kernels

/// One post-norm layer: attention, norm, feed-forward, norm; forward and backward.
extension MaskedLanguageModel {
  /// Returns the layer's output, `[tokens, hidden]`.
  func forward(layer: Int, input: Matrix, _ kept: Activations.Layer) -> Matrix {
    let (c, f) = (configuration.hiddenSize, configuration.intermediateSize)
    func bias(_ part: Parameter.LayerPart) -> UnsafeMutablePointer<Float> {
      values(of: .layer(layer, part, .bias))
    }
    func weight(_ part: Parameter.LayerPart) -> Matrix { self.weight(.layer(layer, part, .weight)) }

    let qkv = view(kept.qkv, 3 * c)
    MatrixProduct.multiply(input, queryKeyValue(layer, of: parameters), transposeB: true, into: qkv)
    Bias.add(bias(.query), to: qkv)
    let attention = view(kept.attention, c)
    Attention.forward(
      qkv: qkv, sequenceStarts: batch.sequenceStarts, heads: configuration.numAttentionHeads,
      probabilities: kept.probabilities, starts: probabilityStarts, into: attention)
    let attentionSum = view(kept.attentionSum, c)
    MatrixProduct.multiply(
      attention, weight(.attentionOutput), transposeB: true, into: attentionSum)
    let attentionNorm = view(kept.attentionNorm, c)
    normalize(
      attentionSum, bias: bias(.attentionOutput), residual: input, layer, .attentionNorm,
      into: attentionNorm, kept.attentionStatistics)

    let intermediate = view(kept.intermediate, f)
    let activated = view(kept.activated, f)
    MatrixProduct.multiply(
      attentionNorm, weight(.intermediate), transposeB: true, into: intermediate)
    configuration.activation.forward(intermediate, bias: bias(.intermediate), into: activated)
    let outputSum = view(kept.outputSum, c)
    let output = view(kept.output, c)
    MatrixProduct.multiply(activated, weight(.output), transposeB: true, into: outputSum)
    normalize(
      outputSum, bias: bias(.output), residual: attentionNorm, layer, .outputNorm, into: output,
      kept.outputStatistics)
    return output
  }

  /// Replaces `lastHiddenGradient`, the gradient of the layer's output, by that of its input.
  func backward(layer: Int, input: Matrix, _ kept: Activations.Layer) {
    let (c, f) = (configuration.hiddenSize, configuration.intermediateSize)
    let scratch = backwardScratch
    func part(_ part: Parameter.LayerPart, _ term: Parameter.Term) -> Parameter {
      .layer(layer, part, term)
    }

    // Feed-forward: dOutput -> dSum, which is also the gradient of the residual.
    let dOutput = lastHiddenGradient
    normalizeBackward(
      dOutput, sum: view(kept.outputSum, c), layer, .outputNorm, kept.outputStatistics)
    Bias.addGradient(dOutput, into: gradient(of: part(.output, .bias)))
    MatrixProduct.multiply(
      dOutput, view(kept.activated, f), transposeA: true,
      into: weightGradient(part(.output, .weight)), accumulate: true)
    let dIntermediate = view(scratch.intermediate, f)
    MatrixProduct.multiply(dOutput, weight(part(.output, .weight)), into: dIntermediate)
    configuration.activation.backward(dIntermediate, x: view(kept.intermediate, f))
    Bias.addGradient(dIntermediate, into: gradient(of: part(.intermediate, .bias)))
    MatrixProduct.multiply(
      dIntermediate, view(kept.attentionNorm, c), transposeA: true,
      into: weightGradient(part(.intermediate, .weight)), accumulate: true)
    MatrixProduct.multiply(
      dIntermediate, weight(part(.intermediate, .weight)), into: dOutput, accumulate: true)

    // Attention: dOutput is now the gradient of the first norm's output.
    let dSum = dOutput
    normalizeBackward(
      dSum, sum: view(kept.attentionSum, c), layer, .attentionNorm, kept.attentionStatistics)
    Bias.addGradient(dSum, into: gradient(of: part(.attentionOutput, .bias)))
    MatrixProduct.multiply(
      dSum, view(kept.attention, c), transposeA: true,
      into: weightGradient(part(.attentionOutput, .weight)), accumulate: true)
    let dAttention = view(scratch.hidden, c)
    MatrixProduct.multiply(dSum, weight(part(.attentionOutput, .weight)), into: dAttention)
    let dQKV = view(scratch.qkv, 3 * c)
    Attention.backward(
      dAttention, qkv: view(kept.qkv, 3 * c), sequenceStarts: batch.sequenceStarts,
      heads: configuration.numAttentionHeads, probabilities: kept.probabilities,
      starts: probabilityStarts, scratch: scratch.attentionScores, into: dQKV)
    Bias.addGradient(dQKV, into: gradient(of: part(.query, .bias)))
    MatrixProduct.multiply(
      dQKV, input, transposeA: true, into: queryKeyValue(layer, of: gradients), accumulate: true)
    MatrixProduct.multiply(dQKV, queryKeyValue(layer, of: parameters), into: dSum, accumulate: true)
  }

  /// The weights of queries, keys and values as one matrix `[3C, C]`.
  private func queryKeyValue(_ layer: Int, of buffer: FloatBuffer) -> Matrix {
    let c = configuration.hiddenSize
    return Matrix(
      buffer, offset: layout.entry(.layer(layer, .query, .weight)).offset, rows: 3 * c, columns: c)
  }

  private func normalize(
    _ x: Matrix, bias: UnsafePointer<Float>, residual: Matrix, _ layer: Int,
    _ norm: Parameter.LayerPart, into y: Matrix, _ statistics: FloatBuffer
  ) {
    LayerNorm.forward(
      x, bias: bias, residual: residual, gamma: values(of: .layer(layer, norm, .weight)),
      beta: values(of: .layer(layer, norm, .bias)), epsilon: configuration.layerNormEps, into: y,
      mean: statistics.base, rstd: statistics.base + encoded.tokens)
  }

  private func normalizeBackward(
    _ dy: Matrix, sum: Matrix, _ layer: Int, _ norm: Parameter.LayerPart, _ statistics: FloatBuffer
  ) {
    LayerNorm.backward(
      dy, sum: sum, mean: statistics.base, rstd: statistics.base + encoded.tokens,
      gamma: values(of: .layer(layer, norm, .weight)),
      dGamma: gradient(of: .layer(layer, norm, .weight)),
      dBeta: gradient(of: .layer(layer, norm, .bias)), partials: backwardScratch.partials)
  }
}
