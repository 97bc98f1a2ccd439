import Corpus
import Foundation

/// Checks that a corpus, its masks and a run's parts belong together.
enum Compatibility {
  /// Throws `StudentTrainerError.mismatch` where masks are for another vocabulary.
  static func check(_ masks: MaskSpecification, corpus: TokenizedCorpus) throws {
    let expected = corpus.manifest.vocabSize
    guard masks.vocabSize == expected else {
      throw StudentTrainerError.mismatch(
        what: "the masks and the corpus",
        differences: ["vocabulary size: masks \(masks.vocabSize), corpus \(expected)"])
    }
  }

  /// What of a corpus determines batches.
  static func identity(_ corpus: TokenizedCorpus) -> [String: String] {
    ["corpus": corpus.manifest.digest, "tokenizer": corpus.manifest.tokenizerDigest]
  }

  /// A mask specification as text with sorted keys.
  static func text(_ masks: MaskSpecification) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    guard let data = try? encoder.encode(masks) else { return "\(masks)" }
    return String(decoding: data, as: UTF8.self)
  }
}
