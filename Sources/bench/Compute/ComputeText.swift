import Corpus
import Foundation
import StudentTrainer
import Transformer

/// The text that is read: as lines of mixed lengths, and as sequences of 128.
struct ComputeText {
  private let source: TokenizeBenchmark
  /// Entries of the vocabulary.
  let vocabSize: Int
  private static let length = 128

  /// Text under the vocabulary of a folder.
  init(text: URL, vocabulary: URL, scratch: ScratchFolder) throws {
    source = TokenizeBenchmark(text: text, vocabulary: vocabulary, scratch: scratch)
    vocabSize = try source.corpus(tokens: 1).manifest.vocabSize
  }

  /// Lines of the text, each a sequence of its own.
  func lines(tokens: Int) throws -> TokenizedCorpus {
    try source.corpus(
      tokens: tokens, options: CorpusOptions(maxLength: 512, documentUnit: .line))
  }

  /// Sequences of 128 tokens that run through the text.
  func sequences(tokens: Int) throws -> TokenizedCorpus {
    try source.corpus(tokens: tokens + tokens / 4)
  }

  /// Masked batches of `count` sequences of 128 tokens, with labels at the masked tokens.
  func batches(of count: Int, batches: Int) throws -> [TrainingBatch] {
    let corpus = try sequences(tokens: Self.length * count * (batches + 1))
    var configuration = TrainingConfiguration.hardLabels
    configuration.batchTokens = Self.length * count
    let source = try CorpusBatchSource(
      corpus: corpus, masks: MaskSpecification(corpus: corpus.manifest, seed: 1),
      configuration: configuration)
    var found: [TrainingBatch] = []
    for index in 0..<(try source.batchCount(epoch: 0)) where found.count < batches {
      // The text's last sequence is shorter.
      if let batch = try source.batch(epoch: 0, index: index),
        batch.packed.tokenCount == Self.length * count
      {
        found.append(batch)
      }
    }
    guard found.count == batches else {
      throw ComputeFailure("the text has no \(batches) batches of \(count) sequences")
    }
    return found
  }
}
