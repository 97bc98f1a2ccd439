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
  private let keepsStates: Bool
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
    keepsStates = configuration.alphaCos > 0
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

  /// The masked sequences of a batch, with the teacher's logits and states.
  package func batch(epoch: Int, index: Int) throws -> TrainingBatch? {
    guard let references = try plan.sequences(epoch: epoch, index: index) else { return nil }
    let replica = epoch % masker.specification.replicas
    let sequences = try MaskedSequences(references, store: store, masker: masker, replica: replica)
    let packed = sequences.packed
    var (rows, labels) = sequences.maskedRows
    if positions == .all {
      rows = (0..<packed.tokenCount).map(Int32.init)
      labels = sequences.labelOfToken
    }
    let (logits, states) = teacher.withLock { run($0.model, packed: packed, rows: rows) }
    return TrainingBatch(
      packed: packed, references: references, rows: rows, labels: labels,
      softIndexes: rows.indices.map(Int32.init), softTargets: .logits(logits),
      teacherStates: states)
  }

  private func run(
    _ model: MaskedLanguageModel, packed: PackedBatch, rows: [Int32]
  ) -> (LogitTargets, TeacherStates?) {
    model.encode(packed, training: false)
    let targets = LogitTargets(rows: rows.count, vocabSize: model.configuration.vocabSize)
    model.forEachLogitChunk(rows: rows) { range, logits, _ in
      _ = targets.matrix.rows(range).elements.update(from: logits.elements)
    }
    guard keepsStates else { return (targets, nil) }
    let hidden = model.lastHiddenStates
    var values: [Float] = []
    values.reserveCapacity(rows.count * hidden.columns)
    for row in rows { values.append(contentsOf: hidden.row(Int(row))) }
    return (targets, TeacherStates(rows: rows, hiddenSize: hidden.columns, values: values))
  }
}
