import Kernels

/// One post-norm layer: attention, norm, feed-forward, norm; forward and backward.
extension MaskedLanguageModel {
  /// Computes the layer's output, `[tokens, hidden]`, into `kept`.
  ///
  /// Attention reads all tokens; of the last layer what follows is done for those that are wanted.
  func forward(layer index: Int, input: Activations.Hidden, _ kept: Activations.Layer) {
    let (c, f) = (configuration.hiddenSize, configuration.intermediateSize)
    let layer = configuration.parameterLayer(index)
    func bias(_ part: Parameter.LayerPart) -> UnsafeMutablePointer<Float> {
      values(of: .layer(layer, part, .bias))
    }
    func weight(_ part: Parameter.LayerPart) -> Parameter { .layer(layer, part, .weight) }

    let qkv = view(kept.qkv, 3 * c)
    product(operand(input), weight(.query), bias: bias(.query), into: qkv)
    attention.forward(
      qkv: qkv, probabilities: isTraining ? kept.probabilities : nil,
      scratch: encoded.attentionScratch, into: view(kept.attention, c))
    var residual = view(input.floats, c)
    let tokens = self.tokens(after: index)
    if let tokens {
      RowOperations.keep(tokens, of: view(kept.attention, c))
      // What the second norm adds up is not there yet.
      residual = view(kept.outputSum, c, rows: tokens.count)
      RowOperations.gather(tokens[...], of: view(input.floats, c), into: Operand(residual))
    }
    let rows = tokens?.count
    let attentionSum = view(kept.attentionSum, c, rows: rows)
    product(
      view(kept.attention, c, rows: rows), weight(.attentionOutput), bias: bias(.attentionOutput),
      into: Operand(attentionSum))
    normalize(
      attentionSum, residual: residual, layer, .attentionNorm, into: kept.attentionNorm,
      kept.attentionStatistics)

    let activated = view(encoded.activated, f, rows: rows)
    let attended = operand(kept.attentionNorm, rows: rows)
    if isTraining, let kept = kept.intermediate {
      let intermediate = view(kept, f, rows: rows)
      product(attended, weight(.intermediate), bias: bias(.intermediate), into: intermediate)
      configuration.activation.forward(intermediate, into: activated)
    } else {
      product(
        attended, weight(.intermediate), bias: bias(.intermediate),
        activation: configuration.activation, into: activated)
    }
    let outputSum = view(kept.outputSum, c, rows: rows)
    product(activated, weight(.output), bias: bias(.output), into: Operand(outputSum))
    normalize(
      outputSum, residual: view(kept.attentionNorm.floats, c, rows: rows), layer, .outputNorm,
      into: kept.output, kept.outputStatistics)
  }

  /// Replaces the gradient of the layer's output by that of its input.
  func backward(layer index: Int, input: Activations.Hidden, _ kept: Activations.Layer) {
    let (c, f) = (configuration.hiddenSize, configuration.intermediateSize)
    let scratch = backwardScratch
    let layer = configuration.parameterLayer(index)
    func part(_ part: Parameter.LayerPart, _ term: Parameter.Term) -> Parameter {
      .layer(layer, part, term)
    }
    guard let keptIntermediate = kept.intermediate, let probabilities = kept.probabilities else {
      preconditionFailure("the batch was encoded for inference; pass training: true")
    }

    // Feed-forward: dOutput -> dSum, which is also the gradient of the residual.
    let tokens = self.tokens(after: index)
    let rows = tokens?.count
    let dOutput = view(scratch.lastHidden.floats, c, rows: rows)
    let dSum = operand(scratch.lastHidden, rows: rows)
    normalizeBackward(
      dOutput, sum: kept.outputSum, layer, .outputNorm, kept.outputStatistics,
      dBias: gradient(of: part(.output, .bias)))
    let intermediate = view(keptIntermediate, f, rows: rows)
    let activated = view(encoded.activated, f, rows: rows)
    // Computed again: cheaper than memory for every layer.
    configuration.activation.forward(intermediate, into: activated)
    addWeightGradient(dSum, activated, part(.output, .weight))
    let dIntermediate = view(scratch.intermediate, f, rows: rows)
    productBackward(dSum, part(.output, .weight), into: dIntermediate)
    configuration.activation.backward(
      dIntermediate, x: intermediate, dBias: gradient(of: part(.intermediate, .bias)),
      partials: scratch.partials)
    addWeightGradient(
      dIntermediate, operand(kept.attentionNorm, rows: rows), part(.intermediate, .weight))
    productBackward(
      dIntermediate, part(.intermediate, .weight), into: Operand(dOutput), accumulate: true)

    // Attention: dOutput is now the gradient of the first norm's output.
    normalizeBackward(
      dOutput, sum: kept.attentionSum, layer, .attentionNorm, kept.attentionStatistics,
      dBias: gradient(of: part(.attentionOutput, .bias)))
    addWeightGradient(
      dSum, view(kept.attention, c, rows: rows), part(.attentionOutput, .weight))
    productBackward(
      dSum, part(.attentionOutput, .weight), into: view(scratch.hidden, c, rows: rows))
    let (dHeads, dInput) = (view(scratch.hidden, c), view(scratch.lastHidden.floats, c))
    if let tokens {
      RowOperations.spread(tokens, of: dHeads)
      RowOperations.spread(tokens, of: Operand(dInput))
    }
    let dQKV = view(scratch.qkv, 3 * c)
    attention.backward(
      dHeads, qkv: view(kept.qkv, 3 * c), probabilities: probabilities,
      scratch: encoded.attentionScratch, into: dQKV)
    Bias.addGradient(dQKV, into: gradient(of: part(.query, .bias)))
    addWeightGradient(dQKV, operand(input), part(.query, .weight))
    productBackward(dQKV, part(.query, .weight), into: Operand(dInput), accumulate: true)
  }

  private func normalize(
    _ x: Matrix, residual: Matrix, _ layer: Int, _ norm: Parameter.LayerPart,
    into y: Activations.Hidden, _ statistics: FloatBuffer
  ) {
    let c = configuration.hiddenSize
    LayerNorm.forward(
      x, residual: residual, gamma: values(of: .layer(layer, norm, .weight)),
      beta: values(of: .layer(layer, norm, .bias)), epsilon: configuration.layerNormEps,
      into: view(y.floats, c, rows: x.rows), rounded: y.rounded.map { view($0, c, rows: x.rows) },
      mean: statistics.base, rstd: statistics.base + encoded.tokens)
  }

  private func normalizeBackward(
    _ dy: Matrix, sum: FloatBuffer, _ layer: Int, _ norm: Parameter.LayerPart,
    _ statistics: FloatBuffer,
    dBias: UnsafeMutablePointer<Float>
  ) {
    let c = configuration.hiddenSize
    let scratch = backwardScratch
    LayerNorm.backward(
      dy, sum: view(sum, c, rows: dy.rows), mean: statistics.base,
      rstd: statistics.base + encoded.tokens, gamma: values(of: .layer(layer, norm, .weight)),
      dGamma: gradient(of: .layer(layer, norm, .weight)),
      dBeta: gradient(of: .layer(layer, norm, .bias)), dBias: dBias,
      rounded: scratch.lastHidden.rounded.map { view($0, c, rows: dy.rows) },
      partials: scratch.partials)
  }
}
