import Kernels

/// Word, position and type embeddings, added and normalised.
extension MaskedLanguageModel {
  func embed(into plan: Activations) {
    let c = configuration.hiddenSize
    let sum = view(plan.embeddingSum, c)
    let words = values(of: .wordEmbeddings)
    let positions = values(of: .positionEmbeddings)
    let types = configuration.typeVocabSize > 0 ? values(of: .tokenTypeEmbeddings) : nil
    forEachToken { token, position in
      let row = sum.base + token * c
      row.update(from: words + Int(batch.tokenIDs[token]) * c, count: c)
      RowOperations.add(positions + position * c, to: row, count: c)
      if let types { RowOperations.add(types + typeID(token) * c, to: row, count: c) }
    }
    let statistics = plan.embeddingStatistics.base
    LayerNorm.forward(
      sum, residual: nil, gamma: values(of: .embeddingNorm(.weight)),
      beta: values(of: .embeddingNorm(.bias)), epsilon: configuration.layerNormEps,
      into: view(plan.embeddings.floats, c), rounded: plan.embeddings.rounded.map { view($0, c) },
      mean: statistics, rstd: statistics + plan.tokens)
  }

  /// Spreads `lastHiddenGradient`, by now that of the embeddings' output, over the tables.
  func embedBackward() {
    let plan = encoded
    let c = configuration.hiddenSize
    let gradient = lastHiddenGradient
    let statistics = plan.embeddingStatistics.base
    LayerNorm.backward(
      gradient, sum: view(plan.embeddingSum, c), mean: statistics, rstd: statistics + plan.tokens,
      gamma: values(of: .embeddingNorm(.weight)),
      dGamma: self.gradient(of: .embeddingNorm(.weight)),
      dBeta: self.gradient(of: .embeddingNorm(.bias)), dBias: nil,
      partials: backwardScratch.partials)
    let words = self.gradient(of: .wordEmbeddings)
    let positions = self.gradient(of: .positionEmbeddings)
    let types = configuration.typeVocabSize > 0 ? self.gradient(of: .tokenTypeEmbeddings) : nil
    // One thread: tokens share rows of the tables, and the order of additions must repeat.
    forEachToken { token, position in
      let row = gradient.base + token * c
      RowOperations.add(row, to: words + Int(batch.tokenIDs[token]) * c, count: c)
      RowOperations.add(row, to: positions + position * c, count: c)
      if let types { RowOperations.add(row, to: types + typeID(token) * c, count: c) }
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
