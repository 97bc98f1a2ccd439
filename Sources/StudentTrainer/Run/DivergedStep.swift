import Corpus

/// What a step that diverged was about; `diverged.json` of the run's folder.
struct DivergedStep: Codable {
  struct Sequence: Codable {
    var block: Int
    var index: Int
  }

  /// The step, from 1.
  var step: Int
  /// Its loss, where that is a number.
  var loss: Double?
  /// The median of the losses before it, where that is what it was compared with.
  var median: Double?
  /// What its batches held.
  var sequences: [Sequence]

  /// The step of an error, nil where that is about something else.
  init?(_ error: any Error) {
    let references: [SequenceReference]
    switch error as? StudentTrainerError {
    case .nonFinite(let step, _, let sequences, _):
      self.step = step + 1
      references = sequences
    case .spike(let step, let loss, let median, let sequences, _):
      self.step = step + 1
      self.loss = loss
      self.median = median
      references = sequences
    default: return nil
    }
    sequences = references.map { Sequence(block: $0.block, index: $0.index) }
  }
}
