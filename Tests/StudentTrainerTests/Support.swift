import Corpus
import Foundation
import Kernels
import StudentTrainer
import TestSupport
import Tokenizer
import Transformer

/// A corpus of random words, a model that fits it, and their masks.
struct TinyWorld {
  static let vocabSize = 64
  let folder: TemporaryFolder
  let corpus: TokenizedCorpus

  /// Writes `sequences` lines of 4 to 18 tokens; a small `shardTokens` makes several shards.
  init(sequences: Int = 300, seed: UInt64 = 1, shardTokens: Int = 1 << 20) throws {
    folder = try TemporaryFolder()
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    let words = (0..<Self.vocabSize - special.count).map { "w\($0)" }
    let vocabulary = folder.url.appending(path: "vocab.txt")
    try Data(((special + words).joined(separator: "\n") + "\n").utf8).write(to: vocabulary)
    var generator = SplitMix64(seed: seed)
    let lines = (0..<sequences).map { _ in
      let length = Int.random(in: 2...16, using: &generator)
      // Neighbours are alike, so that there is something to learn from the context.
      var word = Int.random(in: 0..<words.count, using: &generator)
      return (0..<length).map { _ in
        word = (word + Int.random(in: 0...2, using: &generator)) % words.count
        return words[word]
      }.joined(separator: " ")
    }
    let text = folder.url.appending(path: "text.txt")
    try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: text)
    let tokenizer = try WordPieceTokenizer.load(
      vocabularyFile: vocabulary, configurationFile: nil)
    let builder = try CorpusBuilder(
      tokenizer: tokenizer, options: CorpusOptions(maxLength: 32, shardTokens: shardTokens))
    let target = folder.url.appending(path: "corpus")
    _ = try builder.build(inputs: [text], into: target)
    corpus = try TokenizedCorpus.open(folder: target)
  }

  func masks(seed: UInt64 = 7, replicas: Int = 2) -> MaskSpecification {
    MaskSpecification(
      probability: 0.3, seed: seed, replicas: replicas, maskTokenID: 4, vocabSize: Self.vocabSize,
      specialTokenIDs: [0, 1, 2, 3, 4])
  }

  static func model(
    seed: UInt64, layers: Int = 1, architecture: Architecture = .distilBert, hiddenSize: Int = 16
  ) -> MaskedLanguageModel {
    StudentInitialiser.random(
      EncoderConfiguration(
        architecture: architecture, vocabSize: vocabSize, hiddenSize: hiddenSize,
        numHiddenLayers: layers, numAttentionHeads: 2, intermediateSize: 32, embeddingSize: 8,
        maxPositionEmbeddings: 32, initializerRange: 0.2),
      seed: seed)
  }

  /// A short run with hard labels.
  static func configuration(steps: Int? = nil) -> TrainingConfiguration {
    var configuration = TrainingConfiguration.hardLabels
    configuration.steps = steps
    configuration.epochs = 2
    configuration.batchTokens = 256
    configuration.windowBlocks = 2
    configuration.learningRate = 5e-3
    configuration.weightDecay = 0.01
    configuration.intervals.checkpoint = 3
    configuration.intervals.log = 1
    return configuration
  }
}

/// A row of logits drawn from N(0, scale²).
func randomLogits(_ count: Int, scale: Double, using generator: inout SplitMix64) -> [Float] {
  (0..<count).map { _ in Float(scale * generator.nextNormal()) }
}

/// The IDs of the k largest values, largest first, equal ones by the lower ID.
func topIDs(_ values: [Float], _ k: Int) -> [Int32] {
  let least = values.sorted(by: >)[k - 1]
  return values.indices.filter { values[$0] >= least }
    .sorted { (values[$0], $1) > (values[$1], $0) }.prefix(k).map { Int32($0) }
}

/// The largest difference of two arrays, relative to the largest magnitude of `expected`.
func relativeError(_ found: [Float], _ expected: [Double]) -> Double {
  let scale = expected.map(abs).max() ?? 0
  return zip(found, expected).map { abs(Double($0) - $1) }.max().map { $0 / max(scale, 1e-300) }
    ?? 0
}

func bits(_ buffer: FloatBuffer) -> [UInt32] { buffer.elements.map(\.bitPattern) }
