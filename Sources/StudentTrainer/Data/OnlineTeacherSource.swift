package import Corpus
import Kernels
import Synchronization
package import Transformer

/// Masked sequences with the soft targets of a teacher that runs at training time.
///
/// The baseline that a cache replaces: same order, masks and positions, full distributions.
package final class OnlineTeacherSource: BatchSource {
  /// Where the teacher's distributions are used.
  package enum Positions: String, Sendable, Codable {
    case masked, all
  }

  /// The teacher keeps all cores busy itself: running it beside the student would slow both.
  package let runsAhead = false
  private let plan: BatchPlan
  private let corpusIdentity: [String: String]
  private let store: SequenceStore
  private let masker: Masker
  private let positions: Positions
  private let configuration: TrainingConfiguration
  private let teacherDigest: String
  private let teacher: Mutex<Teacher>

  private struct Teacher: @unchecked Sendable {  // used inside the lock only
    let model: MaskedLanguageModel
  }

  /// Soft targets of `teacher` on a corpus under a mask specification.
  ///
  /// - Parameters:
  ///   - teacher: Owned by this source from now on.
  ///   - corpus: The training text.
  ///   - masks: How it is corrupted.
  ///   - positions: Masked tokens only, or all.
  ///   - configuration: Gives the order, and whether states are needed.
  /// - Throws: `StudentTrainerError.mismatch` where the vocabularies differ, and what the corpus or
  ///   the masker throws.
  package init(
    teacher: sending MaskedLanguageModel, corpus: TokenizedCorpus, masks: MaskSpecification,
    positions: Positions, configuration: TrainingConfiguration
  ) throws {
    try Compatibility.check(masks, corpus: corpus)
    guard teacher.configuration.vocabSize >= corpus.manifest.vocabSize else {
      throw StudentTrainerError.mismatch(
        what: "the teacher and the corpus",
        differences: [
          "vocabulary size: teacher \(teacher.configuration.vocabSize), "
            + "corpus \(corpus.manifest.vocabSize)"
        ])
    }
    corpusIdentity = Compatibility.identity(corpus)
    teacher.precision = configuration.precision ?? .fp32
    plan = BatchPlan(sequences: corpus, configuration: configuration)
    store = SequenceStore(sequences: corpus, capacity: configuration.windowBlocks + 1)
    masker = try Masker(masks, tokenCounts: corpus.tokenCountsIfNeeded(masks))
    self.positions = positions
    self.configuration = configuration
    let last = teacher.configuration.numHiddenLayers
    if let layer = configuration.stateLayers(lastLayer: last).last, layer > last {
      throw StudentTrainerError.missingTargets(
        loss: "the hidden-state loss",
        reason: "the teacher has layers 0 (the embeddings) to \(last), not \(layer)")
    }
    teacherDigest = ParameterDigest.text(of: teacher)
    self.teacher = Mutex(Teacher(model: teacher))
  }

  /// What determines the batches.
  package var identity: [String: String] {
    [
      "targets": "online teacher", "teacher weights": teacherDigest,
      "positions": positions.rawValue, "masks": Compatibility.text(masker.specification),
    ].merging(corpusIdentity) { first, _ in first }
  }

  /// Number of batches of an epoch.
  package func batchCount(epoch: Int) throws -> Int { try plan.batchCount(epoch: epoch) }

  /// Tokens of the longest sequence.
  package func longestSequence() throws -> Int? { try plan.longestSequence() }

  /// Sequences of each batch of an epoch.
  package func sequenceCounts(epoch: Int) throws -> [Int] {
    try plan.sequenceCounts(epoch: epoch)
  }

  /// The masked sequences of a batch, with the teacher's logits and states.
  package func batch(epoch: Int, index: Int, temperature: Double?) throws -> TrainingBatch? {
    guard let references = try plan.sequences(epoch: epoch, index: index) else { return nil }
    let replica = epoch % masker.specification.replicas
    let sequences = try MaskedSequences(references, store: store, masker: masker, replica: replica)
    let packed = sequences.packed
    var (rows, labels) = sequences.maskedRows
    if positions == .all {
      rows = (0..<packed.tokenCount).map(Int32.init)
      labels = sequences.labelOfToken
    }
    return teacher.withLock {
      run(
        $0.model, sequences: sequences, references: references, rows: rows, labels: labels)
    }
  }

  private func run(
    _ model: MaskedLanguageModel, sequences: MaskedSequences, references: [SequenceReference],
    rows: [Int32], labels: [Int32]
  ) -> TrainingBatch {
    let packed = sequences.packed
    let layers = configuration.stateLayers(lastLayer: model.configuration.numHiddenLayers)
    let hiddenSize = model.configuration.hiddenSize
    // Of all rows, since which of them are chosen is only known when the last layer is done.
    var kept = [Int: [Float]]()
    model.encode(packed, training: false, lastLayerAt: rows) { layer, states in
      guard layers.contains(layer) else { return }
      var values: [Float] = []
      values.reserveCapacity(rows.count * hiddenSize)
      for row in model.rows(ofTokens: rows, layer: layer) {
        values.append(contentsOf: states.row(Int(row)))
      }
      kept[layer] = values
    }
    // No head where neither a loss nor a choice asks for it.
    let needsLogits = configuration.alphaCE > 0 || configuration.positionsTopEntropy != nil
    let (logits, isChosen) = logits(model, rows: needsLogits ? rows : [])
    let choice = RowChoice(
      rows: rows, labels: labels, isChosen: isChosen, configuration: configuration)
    var states = StateCollector(
      configuration, lastLayer: model.configuration.numHiddenLayers, hiddenSize: hiddenSize)
    for index in choice.chosen {
      states.append(token: rows[index]) { layer, output in
        guard let values = kept[layer] else { return }
        _ = output.update(fromContentsOf: values[index * hiddenSize..<(index + 1) * hiddenSize])
      }
    }
    var batch = TrainingBatch(
      packed: packed, references: references, rows: choice.rows, labels: choice.labels,
      softIndexes: choice.softIndexes)
    if configuration.alphaCE > 0 {
      batch.softTargets = .logits(isChosen == nil ? logits : logits.rows(choice.chosen))
    }
    states.finish(into: &batch)
    return batch
  }

  /// The logits of all rows, and which of them are chosen by their entropy.
  private func logits(
    _ model: MaskedLanguageModel, rows: [Int32]
  ) -> (LogitTargets, isChosen: [Bool]?) {
    let targets = LogitTargets(rows: rows.count, vocabSize: model.configuration.vocabSize)
    model.forEachLogitChunk(rows: rows) { range, logits, _ in
      _ = targets.matrix.rows(range).elements.update(from: logits.elements)
    }
    guard let share = configuration.positionsTopEntropy else { return (targets, nil) }
    var entropies = [Float](repeating: 0, count: rows.count)
    entropies.withUnsafeMutableBufferPointer { entropies in
      let entropies = entropies
      Parallel.forEach(rows.count) { part in
        for row in part {
          entropies[row] = Float(
            TeacherEntropy.entropy(UnsafeBufferPointer(targets.matrix.row(row))))
        }
      }
    }
    return (targets, RowChoice.top(share, of: entropies))
  }
}
