/// What a position keeps of the teacher's distribution.
package struct TargetSpecification: Codable, Hashable, Sendable {
  /// What is kept of the tokens that are not among the head.
  package enum Tail: String, Codable, Hashable, Sendable, CaseIterable {
    /// Five numbers that give the tail's mass at any temperature from 1 up.
    case scalars
    /// Coefficients of the decoder's input in a basis of the cache: the shape of the tail.
    case lowrank
    /// The decoder's input as 8-bit integers: the whole distribution.
    case hidden
    /// Tokens drawn so that the expectation is the teacher's distribution at T = 1; has no head.
    case sampled
  }

  /// Number of largest logits kept, `>= 0`.
  package var headK: Int

  /// Quantisation step of the head's logits; it costs about step²/24 nat of KL.
  package var step: Double

  /// What is kept of the rest.
  package var tail: Tail

  /// Coefficients that are kept; for the tail `lowrank`.
  package var rank: Int?

  /// Coefficients past the rank that a reader estimates from the head; for `lowrank`.
  package var estimatedRank: Int?

  /// Step of the coefficients, as a share of the standard deviation of the last one; for `lowrank`.
  package var coefficientStep: Double?

  /// Tokens past the head to which a row's coefficients are fitted when it is written; for `lowrank`,
  /// nil where they are plain projections.
  package var fittedTokens: Int?

  /// Log-partitions of the tail that are kept, 2 or 3; for `lowrank`, where nil stands for 2.
  package var tailPartitions: Int?

  /// The threshold below which a probability is drawn; for `sampled`.
  package var threshold: Double?

  /// A target with the usual numbers of its tail; `validate` checks them.
  ///
  /// - Parameters:
  ///   - headK: Number of largest logits.
  ///   - step: Quantisation step of the head's logits.
  ///   - tail: What is kept of the rest.
  ///   - rank: For `lowrank`; 64 where it is nil.
  ///   - threshold: For `sampled`; 1/50 where it is nil.
  package init(
    headK: Int, step: Double = 1.0 / 16, tail: Tail, rank: Int? = nil, threshold: Double? = nil
  ) {
    self.headK = headK
    self.step = step
    self.tail = tail
    switch tail {
    case .lowrank:
      self.rank = rank ?? 64
      estimatedRank = 32
      coefficientStep = 0.5
      fittedTokens = 48
      tailPartitions = 3
    case .sampled:
      self.threshold = threshold ?? 0.02
    case .scalars, .hidden: break
    }
  }

  /// Components of the basis: those kept and those estimated, as the width allows.
  package func basisRank(inputSize: Int) -> Int {
    min((rank ?? 0) + (estimatedRank ?? 0), inputSize)
  }

  /// Checks the ranges.
  ///
  /// - Parameters:
  ///   - vocabSize: Number of token IDs.
  ///   - inputSize: Width of the decoder's input.
  /// - Throws: `LogitCacheError.invalidSpecification`.
  package func validate(vocabSize: Int, inputSize: Int) throws {
    func require(_ condition: Bool, _ field: String, _ reason: String) throws {
      if !condition {
        throw LogitCacheError.invalidSpecification(field: "target.\(field)", reason: reason)
      }
    }
    try require(
      (0...4096).contains(headK) && headK < vocabSize, "headK",
      "\(headK), but must be 0 to 4096 and less than the vocabulary of \(vocabSize)")
    try require(step >= 1.0 / 1024 && step <= 1, "step", "\(step), but must be 1/1024 to 1")
    let isLowRank = tail == .lowrank
    try require(
      isLowRank == (rank != nil) && isLowRank == (estimatedRank != nil)
        && isLowRank == (coefficientStep != nil), "rank",
      "belongs to the tail 'lowrank', with its estimated rank and step")
    try require(
      isLowRank || (fittedTokens == nil && tailPartitions == nil), "tailPartitions",
      "belongs to the tail 'lowrank', as fitted tokens do")
    try require((1...1024).contains(fittedTokens ?? 1), "fittedTokens", "must be 1 to 1024")
    try require((2...3).contains(tailPartitions ?? 2), "tailPartitions", "must be 2 or 3")
    try require(
      (tail == .sampled) == (threshold != nil), "threshold", "belongs to the tail 'sampled'")
    switch tail {
    case .scalars:
      try require(headK > 0, "headK", "0, but the tail 'scalars' needs a head of 1 or more")
    case .lowrank:
      try require(headK > 0, "headK", "0, but the tail 'lowrank' needs a head of 1 or more")
      try require(
        (1...inputSize).contains(rank ?? 0), "rank",
        "\(rank ?? 0), but must be 1 to the width of the teacher's decoder, \(inputSize)")
      try require(
        (0...65_536).contains(estimatedRank ?? 0), "estimatedRank", "out of range")
      let step = coefficientStep ?? 0
      try require(
        step >= 1.0 / 64 && step <= 4, "coefficientStep", "\(step), but must be 1/64 to 4")
    case .sampled:
      try require(headK == 0, "headK", "\(headK), but the tail 'sampled' has no head")
      let threshold = threshold ?? 0
      try require(
        threshold >= 1.0 / 4096 && threshold <= 0.5, "threshold",
        "\(threshold), but must be 1/4096 to 1/2")
    case .hidden: break
    }
  }
}

/// How the last hidden states are kept, for the cosine loss.
package enum StateStorage: String, Codable, Hashable, Sendable {
  /// Not at all.
  case none
  /// 8-bit integers with one scale a row.
  case int8
  /// IEEE half precision.
  case fp16
  /// The upper half of single precision.
  case bf16
  /// They are the decoder's input, which the tail `hidden` keeps.
  case shared
}

/// Which positions keep a soft target.
package enum PositionSelection: String, Codable, Hashable, Sendable {
  /// Those that the mask chose.
  case masked
  /// All of them, special tokens included.
  case all
  /// Those that the mask chose, and a share of the others.
  case maskedAndShare = "masked+share"
}
