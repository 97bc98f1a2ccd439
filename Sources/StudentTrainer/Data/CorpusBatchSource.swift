package import Corpus

/// Masked sequences with hard labels only: for teachers, and for baselines without one.
package final class CorpusBatchSource: BatchSource {
  /// Masks cost nothing next to a training step, so they are made ahead.
  package let runsAhead = true
  private let plan: BatchPlan
  private let corpusIdentity: [String: String]
  private let store: SequenceStore
  private let masker: Masker

  /// Hard labels of a corpus under a mask specification.
  ///
  /// - Throws: `StudentTrainerError.mismatch` where the vocabularies differ, and what the corpus or
  ///   the masker throws.
  package init(
    corpus: TokenizedCorpus, masks: MaskSpecification, configuration: TrainingConfiguration
  ) throws {
    try Compatibility.check(masks, corpus: corpus)
    corpusIdentity = Compatibility.identity(corpus)
    plan = BatchPlan(sequences: corpus, configuration: configuration)
    store = SequenceStore(sequences: corpus, capacity: configuration.windowBlocks + 1)
    masker = try Masker(masks, tokenCounts: corpus.tokenCountsIfNeeded(masks))
  }

  /// What determines the batches.
  package var identity: [String: String] {
    ["targets": "hard labels", "masks": Compatibility.text(masker.specification)]
      .merging(corpusIdentity) { first, _ in first }
  }

  /// Number of batches of an epoch.
  package func batchCount(epoch: Int) throws -> Int { try plan.batchCount(epoch: epoch) }

  /// Tokens of the longest sequence.
  package func longestSequence() throws -> Int? { try plan.longestSequence() }

  /// Sequences of each batch of an epoch.
  package func sequenceCounts(epoch: Int) throws -> [Int] {
    try plan.sequenceCounts(epoch: epoch)
  }

  /// The masked sequences of a batch.
  package func batch(epoch: Int, index: Int, temperature: Double?) throws -> TrainingBatch? {
    guard let references = try plan.sequences(epoch: epoch, index: index) else { return nil }
    let replica = epoch % masker.specification.replicas
    let sequences = try MaskedSequences(references, store: store, masker: masker, replica: replica)
    let (rows, labels) = sequences.maskedRows
    return TrainingBatch(
      packed: sequences.packed, references: references, rows: rows, labels: labels,
      softIndexes: [Int32](repeating: -1, count: rows.count))
  }
}
