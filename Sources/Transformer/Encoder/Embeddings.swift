import Kernels

/// Word, position and type embeddings, added and normalised.
extension MaskedLanguageModel {
  func embed(into plan: Activations) {
    let e = configuration.embeddingSize
    let sum = view(plan.embeddingSum, e)
    let words = values(of: .wordEmbeddings)
    let positions = values(of: .positionEmbeddings)
    let types = configuration.typeVocabSize > 0 ? values(of: .tokenTypeEmbeddings) : nil
    forEachToken { token, position in
      let row = sum.base + token * e
      row.update(from: words + Int(batch.tokenIDs[token]) * e, count: e)
      RowOperations.add(positions + position * e, to: row, count: e)
      if let types { RowOperations.add(types + typeID(token) * e, to: row, count: e) }
    }
    let statistics = plan.embeddingStatistics.base
    let normalized = plan.embeddingNorm ?? plan.embeddings
    LayerNorm.forward(
      sum, residual: nil, gamma: values(of: .embeddingNorm(.weight)),
      beta: values(of: .embeddingNorm(.bias)), epsilon: configuration.layerNormEps,
      into: view(normalized.floats, e), rounded: normalized.rounded.map { view($0, e) },
      mean: statistics, rstd: statistics + plan.tokens)
    if plan.embeddingNorm != nil { projectEmbeddings(normalized, into: plan.embeddings) }
  }

  /// From the width of the embeddings to that of the hidden states.
  private func projectEmbeddings(_ normalized: Activations.Hidden, into hidden: Activations.Hidden)
  {
    let c = configuration.hiddenSize
    product(
      operand(normalized, configuration.embeddingSize), .embeddingProjection(.weight),
      bias: values(of: .embeddingProjection(.bias)), into: Operand(view(hidden.floats, c)))
    if let rounded = hidden.rounded { view(rounded, c).assign(view(hidden.floats, c)) }
  }

  /// The gradient of the projection's input, from `hiddenGradient`.
  private func projectEmbeddingsBackward(
    _ normalized: Activations.Hidden, into gradient: FloatBuffer
  ) -> Matrix {
    let (c, e) = (configuration.hiddenSize, configuration.embeddingSize)
    let last = backwardScratch.lastHidden
    Bias.addGradient(
      Operand(hiddenGradient), into: self.gradient(of: .embeddingProjection(.bias)))
    if let rounded = last.rounded { view(rounded, c).assign(hiddenGradient) }
    addWeightGradient(operand(last), operand(normalized, e), .embeddingProjection(.weight))
    productBackward(
      operand(last), .embeddingProjection(.weight), into: Operand(view(gradient, e)))
    return view(gradient, e)
  }

  /// Spreads `hiddenGradient`, by now that of the embeddings' output, over the tables.
  func embedBackward() {
    let plan = encoded
    let e = configuration.embeddingSize
    var gradient = hiddenGradient
    if let normalized = plan.embeddingNorm, let scratch = backwardScratch.embeddings {
      gradient = projectEmbeddingsBackward(normalized, into: scratch)
    }
    let statistics = plan.embeddingStatistics.base
    LayerNorm.backward(
      gradient, sum: view(plan.embeddingSum, e), mean: statistics, rstd: statistics + plan.tokens,
      gamma: values(of: .embeddingNorm(.weight)),
      dGamma: self.gradient(of: .embeddingNorm(.weight)),
      dBeta: self.gradient(of: .embeddingNorm(.bias)), dBias: nil,
      partials: backwardScratch.partials)
    let words = self.gradient(of: .wordEmbeddings)
    let positions = self.gradient(of: .positionEmbeddings)
    let types = configuration.typeVocabSize > 0 ? self.gradient(of: .tokenTypeEmbeddings) : nil
    // One thread: tokens share rows of the tables, and the order of additions must repeat.
    forEachToken { token, position in
      let row = gradient.base + token * e
      RowOperations.add(row, to: words + Int(batch.tokenIDs[token]) * e, count: e)
      RowOperations.add(row, to: positions + position * e, count: e)
      if let types { RowOperations.add(row, to: types + typeID(token) * e, count: e) }
    }
  }

  private func typeID(_ token: Int) -> Int {
    batch.typeIDs.isEmpty ? 0 : Int(batch.typeIDs[token])
  }

  private func forEachToken(_ body: (_ token: Int, _ position: Int) -> Void) {
    for sequence in 0..<batch.sequenceCount {
      let start = Int(batch.sequenceStarts[sequence])
      for token in start..<Int(batch.sequenceStarts[sequence + 1]) { body(token, token - start) }
    }
  }
}
