import Corpus
import Foundation
import StudentTrainer

/// The evaluation that every command shares, so that its figures can be compared.
enum HeldOut {
  /// Seed of the evaluation's masks: no training run's default.
  static let maskSeed: UInt64 = 0x6865_6C64

  /// Masked-token loss on a tokenized corpus: 15 % of the tokens, 80/10/10, always the same masks.
  static func evaluator(corpus path: String, maxTokens: Int? = nil) throws -> Evaluator {
    let corpus = try TokenizedCorpus.open(folder: URL(argument: path))
    let manifest = corpus.manifest
    let masks = MaskSpecification(
      seed: maskSeed, maskTokenID: manifest.specialTokens.mask, vocabSize: manifest.vocabSize,
      specialTokenIDs: manifest.specialTokens.all)
    return try Evaluator(corpus: corpus, masks: masks, maxTokens: maxTokens ?? .max)
  }
}
