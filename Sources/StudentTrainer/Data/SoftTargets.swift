/// The teacher's distributions of a batch, in the form its source has them.
package enum SoftTargets: Sendable {
  /// Hard labels only.
  case none
  /// Kept IDs with probabilities and tail mass at the run's temperature.
  case heads(HeadTargets)
  /// Inputs of the teacher's decoder: the trainer makes the logits, chunk by chunk.
  case decoderInputs(DecoderTargets)
  /// Whole rows of teacher logits.
  case logits(LogitTargets)
  /// Kept IDs and the shape of the tail: the trainer makes the rows, chunk by chunk.
  case shaped(ShapedTargets)
  /// Sampled IDs with estimates of their probabilities, at T = 1.
  case sampled(SampledTargets)
  /// Targets of several teachers for the same rows: their mean.
  case ensemble(EnsembleTargets)
  /// Targets of several of these kinds.
  case mixed(MixedTargets)

  /// Number of targets.
  package var count: Int {
    switch self {
    case .none: 0
    case .heads(let targets): targets.tailMasses.count
    case .decoderInputs(let targets): targets.count
    case .logits(let targets): targets.rows
    case .shaped(let targets): targets.count
    case .sampled(let targets): targets.count
    case .ensemble(let targets): targets.count
    case .mixed(let targets): targets.count
    }
  }
}
