package import Corpus

/// The evaluation that every command shares, so that its figures can be compared.
package enum HeldOut {
  /// Seed of the evaluation's masks: no training run's default.
  private static let maskSeed: UInt64 = 0x6865_6C64

  /// Masked-token loss on a tokenized corpus: 15 % of the tokens, 80/10/10, always the same masks.
  ///
  /// - Parameters:
  ///   - corpus: Held-out text.
  ///   - maxTokens: Stop after about this many tokens, from the corpus's beginning.
  /// - Returns: The evaluation.
  /// - Throws: what the corpus or the masker throws.
  package static func evaluator(
    _ corpus: TokenizedCorpus, maxTokens: Int = .max
  ) throws -> Evaluator {
    let masks = MaskSpecification(corpus: corpus.manifest, seed: maskSeed)
    return try Evaluator(corpus: corpus, masks: masks, maxTokens: maxTokens)
  }
}
