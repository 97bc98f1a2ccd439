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
      try checkWidth(
        states, model, projection: projection(ofCosine: model),
        "the cosine loss needs equal sizes or a projection; set alphaCos to 0, or project states")
    }
    if let hidden = configuration.hidden, hidden.weight > 0 { try check(hidden, batch, model) }
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

  /// Throws where a pair of layers has no states, or those of another width.
  private func check(
    _ hidden: HiddenLoss, _ batch: TrainingBatch, _ model: MaskedLanguageModel
  ) throws {
    for (index, pair) in hidden.pairs.enumerated() {
      try require(
        pair.student <= model.configuration.numHiddenLayers, "the hidden-state loss's map",
        "\(pair.student):\(pair.teacher)",
        "of student layers from 0 to \(model.configuration.numHiddenLayers)")
      guard let states = batch.innerStates[pair.teacher] else {
        throw StudentTrainerError.missingTargets(
          loss: "the hidden-state loss (weight \(hidden.weight))",
          reason: "the batch has no teacher states of layer \(pair.teacher)")
      }
      try checkWidth(
        states, model, projection: projection(ofPair: index, model),
        "the hidden-state loss needs equal sizes or a projection")
    }
  }

  private func checkWidth(
    _ states: TeacherStates, _ model: MaskedLanguageModel, projection: Int?, _ rule: String
  ) throws {
    precondition(
      projection ?? 0 < max(model.layout.projectionCount, 1), "a student without that projection")
    let width =
      projection.map { model.layout.entry(.projection($0)).shape[0] }
      ?? model.configuration.hiddenSize
    guard states.hiddenSize == width else {
      throw StudentTrainerError.mismatch(
        what: "the teacher's states and the student",
        differences: ["hidden size: teacher \(states.hiddenSize), student \(width) (\(rule))"])
    }
  }

  private func checkSoftTargets(_ batch: TrainingBatch, vocabSize: Int) throws {
    let loss = "the soft-target loss (alphaCE \(configuration.alphaCE))"
    var parts = [batch.softTargets]
    if case .mixed(let targets) = batch.softTargets { parts = targets.parts }
    var served = configuration.tail == nil
    for part in parts {
      if case .none = part {
        throw StudentTrainerError.missingTargets(
          loss: loss, reason: "the source has hard labels only; set alphaCE to 0, or give a cache")
      }
      if let tail = configuration.tail {
        // Whole rows and samples have no tail: in a mixture they leave it to the other parts.
        let serves = part.tails.contains(tail)
        guard serves || (parts.count > 1 && !part.hasTail) else { throw wrongTail(part) }
        served = served || serves
      }
      try checkShape(part, vocabSize: vocabSize)
    }
    guard served else { throw wrongTail(parts[0]) }
    // Indexes rise one by one, which `softRange` and the chunked teacher logits rest on.
    var next: Int32 = 0
    for index in batch.softIndexes where index >= 0 {
      precondition(index == next, "soft index \(index) where \(next) is next")
      next += 1
    }
    precondition(
      Int(next) == batch.softTargets.count, "\(next) rows for \(batch.softTargets.count) targets")
  }

  private func wrongTail(_ part: SoftTargets) -> StudentTrainerError {
    .missingTargets(
      loss: "the soft-target loss (alphaCE \(configuration.alphaCE))",
      reason: "tail '\(configuration.tail?.rawValue ?? "default")' was asked for, but the source "
        + "gives \(part.kindText)")
  }

  private func require(_ holds: Bool, _ field: String, _ value: Any, _ allowed: String) throws {
    guard holds else {
      throw StudentTrainerError.invalidConfiguration(
        field: field, value: "\(value)", allowed: allowed)
    }
  }

  /// Throws where a kind of targets is for another vocabulary or another temperature.
  private func checkShape(_ part: SoftTargets, vocabSize: Int) throws {
    var targetVocab = vocabSize
    switch part {
    case .none, .heads, .mixed: break
    case .sampled:
      try require(
        configuration.temperature == 1, "temperature", configuration.temperature,
        "1 with sampled targets, whose estimates are of probabilities at 1")
      let divergence = configuration.divergence ?? .forward
      try require(
        divergence == .forward, "divergence", divergence.rawValue,
        "forward with sampled targets, which estimate no other")
    case .decoderInputs(let targets): targetVocab = targets.decoder.vocabSize
    case .ensemble(let targets):
      targetVocab = targets.vocabSize
      for member in targets.members {
        var parts = [member]
        if case .mixed(let targets) = member { parts = targets.parts }
        for part in parts { try checkShape(part, vocabSize: vocabSize) }
      }
    case .logits(let targets): targetVocab = targets.vocabSize
    case .shaped(let targets):
      targetVocab = targets.decoder.vocabSize
      try require(
        configuration.temperature >= 1, "temperature", configuration.temperature,
        "1 or more with targets whose tails are 'lowrank'")
    }
    guard targetVocab == vocabSize else {
      throw StudentTrainerError.mismatch(
        what: "the teacher and the student",
        differences: ["vocabulary size: teacher \(targetVocab), student \(vocabSize)"])
    }
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

extension SoftTargets {
  /// True where there is mass outside the kept IDs to treat.
  fileprivate var hasTail: Bool { tails.contains(.bucket) }

  /// The tail treatments that a kind can serve.
  fileprivate var tails: [TailTreatment] {
    switch self {
    case .none, .sampled, .mixed: []
    case .heads: [.bucket, .uniform, .renormalise]
    case .decoderInputs, .logits, .ensemble: [.full]
    case .shaped: [.shaped, .bucket, .uniform, .renormalise]
    }
  }

  /// What a kind gives, for messages.
  fileprivate var kindText: String {
    switch self {
    case .none: "hard labels only"
    case .heads: "kept IDs and their tail's mass, not whole distributions"
    case .decoderInputs, .logits: "whole distributions"
    case .ensemble: "the mean of whole distributions"
    case .shaped: "kept IDs with a tail of low rank, not whole distributions"
    case .sampled: "sampled IDs, which have no tail"
    case .mixed: "targets of several kinds"
    }
  }
}
