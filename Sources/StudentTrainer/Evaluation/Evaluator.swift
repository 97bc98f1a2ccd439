package import Corpus
import Kernels
package import Transformer

/// Masked-token loss and accuracy of one evaluation.
package struct EvaluationResult: Codable, Sendable, Equatable {
  /// Mean cross entropy at the masked positions, nats.
  package var loss: Double
  /// Share of masked positions whose likeliest ID is the original one.
  package var accuracy: Double
  /// Masked positions.
  package var positions: Int
  /// Tokens that were encoded.
  package var tokens: Int
}

/// Evaluates models on a tokenized corpus under masks that never change.
///
/// Replica 0 of the specification; sequences in the order of the corpus, so the result depends on
/// the model alone (and, in its last digits, on the number of threads).
package struct Evaluator: Sendable {
  private let corpus: TokenizedCorpus
  private let masker: Masker
  /// Tokens encoded at once, about.
  let batchTokens: Int
  private let maxTokens: Int

  /// An evaluation.
  ///
  /// - Parameters:
  ///   - corpus: Held-out text, tokenized as the model's training text.
  ///   - masks: A specification with a seed of its own.
  ///   - batchTokens: Tokens encoded at once, about.
  ///   - maxTokens: Stop after about this many tokens, from the corpus's beginning.
  /// - Throws: `StudentTrainerError.mismatch`, or what the corpus or masker throws.
  package init(
    corpus: TokenizedCorpus, masks: MaskSpecification, batchTokens: Int = 4096,
    maxTokens: Int = .max
  ) throws {
    precondition(batchTokens > 0 && maxTokens > 0, "an evaluation of no token")
    try Compatibility.check(masks, corpus: corpus)
    self.corpus = corpus
    self.batchTokens = batchTokens
    self.maxTokens = maxTokens
    masker = try Masker(masks, tokenCounts: corpus.tokenCountsIfNeeded(masks))
  }

  /// Evaluates a model.
  ///
  /// - Throws: `StudentTrainerError.mismatch` where the vocabulary or a sequence does not fit the
  ///   model, `.noBatches` where nothing is masked, or what reading the corpus throws.
  package func evaluate(_ model: MaskedLanguageModel) throws -> EvaluationResult {
    let vocab = model.configuration.vocabSize
    guard corpus.manifest.vocabSize <= vocab else {
      throw StudentTrainerError.mismatch(
        what: "the model and the evaluation corpus",
        differences: ["vocabulary size: model \(vocab), corpus \(corpus.manifest.vocabSize)"])
    }
    var totals = Totals()
    var batch = MaskedSequences()
    for number in 0..<corpus.blockCount where totals.tokens + batch.tokenCount < maxTokens {
      let block = try corpus.block(number)
      for index in 0..<block.count {
        let ids = block.sequence(index)
        guard ids.count <= model.configuration.maxPositionEmbeddings else {
          throw StudentTrainerError.mismatch(
            what: "the model and the evaluation corpus",
            differences: [
              "sequence \(index) of block \(number) has \(ids.count) tokens, the model "
                + "\(model.configuration.maxPositionEmbeddings) positions"
            ])
        }
        if batch.tokenCount > 0, batch.tokenCount + ids.count > batchTokens {
          totals.add(batch, model: model)
          batch = MaskedSequences()
        }
        guard totals.tokens + batch.tokenCount < maxTokens else { break }
        batch.append(
          SequenceReference(block: number, index: index), original: ids, masker: masker, replica: 0)
      }
    }
    if batch.tokenCount > 0 { totals.add(batch, model: model) }
    guard totals.positions > 0 else {
      throw StudentTrainerError.noBatches(what: "the evaluation corpus")
    }
    return EvaluationResult(
      loss: totals.loss / Double(totals.positions),
      accuracy: Double(totals.correct) / Double(totals.positions), positions: totals.positions,
      tokens: totals.tokens)
  }

  private struct Totals {
    var loss = 0.0
    var correct = 0
    var positions = 0
    var tokens = 0

    mutating func add(_ batch: MaskedSequences, model: MaskedLanguageModel) {
      let (rows, labels) = batch.maskedRows
      tokens += batch.tokenCount
      guard !rows.isEmpty else { return }
      model.encode(batch.packed, training: false, lastLayerAt: rows)
      var results = [(loss: Double, argmax: Int)](repeating: (0, 0), count: rows.count)
      results.withUnsafeMutableBufferPointer { results in
        let results = results
        model.forEachLogitChunk(rows: rows) { range, logits, _ in
          Parallel.forEach(range.count) { part in
            for offset in part {
              results[range.lowerBound + offset] = SoftTargetLossKernels.evaluate(
                logits.row(offset), label: labels[range.lowerBound + offset])
            }
          }
        }
      }
      for (result, label) in zip(results, labels) {
        loss += result.loss
        correct += result.argmax == Int(label) ? 1 : 0
      }
      positions += rows.count
    }
  }
}
