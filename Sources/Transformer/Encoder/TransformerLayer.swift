import Kernels

/// One post-norm layer: attention, norm, feed-forward, norm; forward and backward.
extension MaskedLanguageModel {
  /// Computes the layer's output, `[tokens, hidden]`, into `kept`.
  func forward(layer: Int, input: Activations.Hidden, _ kept: Activations.Layer) {
    let (c, f) = (configuration.hiddenSize, configuration.intermediateSize)
    let layer = configuration.parameterLayer(layer)
    func bias(_ part: Parameter.LayerPart) -> UnsafeMutablePointer<Float> {
      values(of: .layer(layer, part, .bias))
    }
    func weight(_ part: Parameter.LayerPart) -> Parameter { .layer(layer, part, .weight) }

    let qkv = view(kept.qkv, 3 * c)
    product(operand(input), weight(.query), bias: bias(.query), into: qkv)
    let heads = view(kept.attention, c)
    attention.forward(
      qkv: qkv, probabilities: isTraining ? kept.probabilities : nil,
      scratch: encoded.attentionScratch, into: heads)
    let attentionSum = view(kept.attentionSum, c)
    product(
      heads, weight(.attentionOutput), bias: bias(.attentionOutput), into: Operand(attentionSum))
    normalize(
      attentionSum, residual: input, layer, .attentionNorm, into: kept.attentionNorm,
      kept.attentionStatistics)

    let activated = view(encoded.activated, f)
    let attended = operand(kept.attentionNorm)
    if isTraining, let kept = kept.intermediate {
      let intermediate = view(kept, f)
      product(attended, weight(.intermediate), bias: bias(.intermediate), into: intermediate)
      configuration.activation.forward(intermediate, into: activated)
    } else {
      product(
        attended, weight(.intermediate), bias: bias(.intermediate),
        activation: configuration.activation, into: activated)
    }
    let outputSum = view(kept.outputSum, c)
    product(activated, weight(.output), bias: bias(.output), into: Operand(outputSum))
    normalize(
      outputSum, residual: kept.attentionNorm, layer, .outputNorm, into: kept.output,
      kept.outputStatistics)
  }

  /// Replaces `lastHiddenGradient`, the gradient of the layer's output, by that of its input.
  func backward(layer: Int, input: Activations.Hidden, _ kept: Activations.Layer) {
    let (c, f) = (configuration.hiddenSize, configuration.intermediateSize)
    let scratch = backwardScratch
    let layer = configuration.parameterLayer(layer)
    func part(_ part: Parameter.LayerPart, _ term: Parameter.Term) -> Parameter {
      .layer(layer, part, term)
    }
    guard let keptIntermediate = kept.intermediate, let probabilities = kept.probabilities else {
      preconditionFailure("the batch was encoded for inference; pass training: true")
    }

    // Feed-forward: dOutput -> dSum, which is also the gradient of the residual.
    let dOutput = lastHiddenGradient
    normalizeBackward(
      sum: kept.outputSum, layer, .outputNorm, kept.outputStatistics,
      dBias: gradient(of: part(.output, .bias)))
    let intermediate = view(keptIntermediate, f)
    let activated = view(encoded.activated, f)
    // Computed again: cheaper than memory for every layer.
    configuration.activation.forward(intermediate, into: activated)
    addWeightGradient(operand(scratch.lastHidden), activated, part(.output, .weight))
    let dIntermediate = view(scratch.intermediate, f)
    productBackward(operand(scratch.lastHidden), part(.output, .weight), into: dIntermediate)
    configuration.activation.backward(
      dIntermediate, x: intermediate, dBias: gradient(of: part(.intermediate, .bias)),
      partials: scratch.partials)
    addWeightGradient(dIntermediate, operand(kept.attentionNorm), part(.intermediate, .weight))
    productBackward(
      dIntermediate, part(.intermediate, .weight), into: Operand(dOutput), accumulate: true)

    // Attention: dOutput is now the gradient of the first norm's output.
    normalizeBackward(
      sum: kept.attentionSum, layer, .attentionNorm, kept.attentionStatistics,
      dBias: gradient(of: part(.attentionOutput, .bias)))
    addWeightGradient(
      operand(scratch.lastHidden), view(kept.attention, c), part(.attentionOutput, .weight))
    let dHeads = view(scratch.hidden, c)
    productBackward(operand(scratch.lastHidden), part(.attentionOutput, .weight), into: dHeads)
    let dQKV = view(scratch.qkv, 3 * c)
    attention.backward(
      dHeads, qkv: view(kept.qkv, 3 * c), probabilities: probabilities,
      scratch: encoded.attentionScratch, into: dQKV)
    Bias.addGradient(dQKV, into: gradient(of: part(.query, .bias)))
    addWeightGradient(dQKV, operand(input), part(.query, .weight))
    productBackward(dQKV, part(.query, .weight), into: Operand(dOutput), accumulate: true)
  }

  private func normalize(
    _ x: Matrix, residual: Activations.Hidden, _ layer: Int, _ norm: Parameter.LayerPart,
    into y: Activations.Hidden, _ statistics: FloatBuffer
  ) {
    let c = configuration.hiddenSize
    LayerNorm.forward(
      x, residual: view(residual.floats, c), gamma: values(of: .layer(layer, norm, .weight)),
      beta: values(of: .layer(layer, norm, .bias)), epsilon: configuration.layerNormEps,
      into: view(y.floats, c), rounded: y.rounded.map { view($0, c) }, mean: statistics.base,
      rstd: statistics.base + encoded.tokens)
  }

  private func normalizeBackward(
    sum: FloatBuffer, _ layer: Int, _ norm: Parameter.LayerPart, _ statistics: FloatBuffer,
    dBias: UnsafeMutablePointer<Float>
  ) {
    let c = configuration.hiddenSize
    let scratch = backwardScratch
    LayerNorm.backward(
      view(scratch.lastHidden.floats, c), sum: view(sum, c), mean: statistics.base,
      rstd: statistics.base + encoded.tokens, gamma: values(of: .layer(layer, norm, .weight)),
      dGamma: gradient(of: .layer(layer, norm, .weight)),
      dBeta: gradient(of: .layer(layer, norm, .bias)), dBias: dBias,
      rounded: scratch.lastHidden.rounded.map { view($0, c) }, partials: scratch.partials)
  }
}
