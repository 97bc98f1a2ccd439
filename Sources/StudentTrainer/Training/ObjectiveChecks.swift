import Kernels
import Transformer

extension DistillationObjective {
  /// Throws where a loss has a weight and the batch lacks what it needs, or has another shape.
  func check(_ batch: TrainingBatch, model: MaskedLanguageModel) throws {
    if configuration.alphaCE > 0 {
      try checkSoftTargets(batch, vocabSize: model.configuration.vocabSize)
    }
    if configuration.alphaCos > 0 {
      guard let states = batch.teacherStates else {
        throw StudentTrainerError.missingTargets(
          loss: "the cosine loss (alphaCos \(configuration.alphaCos))",
          reason: "the batch has no teacher hidden states; cache them, or set alphaCos to 0")
      }
      guard states.hiddenSize == model.configuration.hiddenSize else {
        throw StudentTrainerError.mismatch(
          what: "the teacher's states and the student",
          differences: [
            "hidden size: teacher \(states.hiddenSize), student \(model.configuration.hiddenSize) "
              + "(the cosine loss needs equal sizes; set alphaCos to 0)"
          ])
      }
    }
    let longest = batch.packed.longestSequence
    guard longest <= model.configuration.maxPositionEmbeddings else {
      throw StudentTrainerError.mismatch(
        what: "the corpus and the student",
        differences: [
          "a sequence has \(longest) tokens, the student "
            + "\(model.configuration.maxPositionEmbeddings) positions"
        ])
    }
  }

  private func checkSoftTargets(_ batch: TrainingBatch, vocabSize: Int) throws {
    let loss = "the soft-target loss (alphaCE \(configuration.alphaCE))"
    func wrongTail(_ found: String) -> StudentTrainerError {
      .missingTargets(
        loss: loss,
        reason: "tail '\(configuration.tail?.rawValue ?? "default")' was asked for, but the "
          + "source gives \(found)")
    }
    var targetVocab = vocabSize
    switch batch.softTargets {
    case .none:
      throw StudentTrainerError.missingTargets(
        loss: loss, reason: "the source has hard labels only; set alphaCE to 0, or give a cache")
    case .heads:
      if configuration.tail == .full { throw wrongTail("kept IDs, not whole distributions") }
    case .decoderInputs(let targets):
      targetVocab = targets.decoder.vocabSize
    case .logits(let targets):
      targetVocab = targets.vocabSize
    }
    if case .heads = batch.softTargets {
    } else if let tail = configuration.tail, tail != .full {
      throw wrongTail("whole distributions")
    }
    guard targetVocab == vocabSize else {
      throw StudentTrainerError.mismatch(
        what: "the teacher and the student",
        differences: ["vocabulary size: teacher \(targetVocab), student \(vocabSize)"])
    }
    // Indexes rise one by one, which `softRange` and the chunked teacher logits rest on.
    var next: Int32 = 0
    for index in batch.softIndexes where index >= 0 {
      precondition(index == next, "soft index \(index) where \(next) is next")
      next += 1
    }
    precondition(
      Int(next) == batch.softTargets.count, "\(next) rows for \(batch.softTargets.count) targets")
  }
}

extension TrainingBatch {
  /// The soft targets of the rows `range`; empty where none has one.
  func softRange(_ range: Range<Int>) -> Range<Int> {
    let indexes = softIndexes[range].filter { $0 >= 0 }
    guard let first = indexes.first, let last = indexes.last else { return 0..<0 }
    return Int(first)..<Int(last) + 1
  }
}

extension HeadTargets {
  /// Passes the parts of one target, without copying.
  func withTarget<Result>(
    _ index: Int,
    _ body: (UnsafeBufferPointer<Int32>, UnsafeBufferPointer<Float>, Float) -> Result
  ) -> Result {
    let range = starts[index]..<starts[index + 1]
    return ids.withUnsafeBufferPointer { ids in
      probabilities.withUnsafeBufferPointer { probabilities in
        body(
          UnsafeBufferPointer(rebasing: ids[range]),
          UnsafeBufferPointer(rebasing: probabilities[range]), tailMasses[index])
      }
    }
  }
}
