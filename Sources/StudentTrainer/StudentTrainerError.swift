package import Corpus

/// What can be wrong with a training run; each message says what, where and how to mend it.
package enum StudentTrainerError: Error, Equatable {
  /// A value of the configuration out of its range.
  case invalidConfiguration(field: String, value: String, allowed: String)
  /// A cache, teacher, corpus or student that do not belong together, field by field.
  case mismatch(what: String, differences: [String])
  /// A loss with a weight, but nothing to compute it from.
  case missingTargets(loss: String, reason: String)
  /// A corrupted sequence that is not the one the teacher saw.
  case inputChanged(sequence: SequenceReference, replica: Int, expected: UInt64, found: UInt64)
  /// Soft targets that contradict the sequence they are for.
  case badTargets(sequence: SequenceReference, replica: Int, reason: String)
  /// A shard of the cache (nil: what all shards share) that is not there.
  case missingShard(folder: String, shard: String?, reason: String)
  /// A source that has no batch.
  case noBatches(what: String)
  /// NaN or infinity; the parameters are those before the step.
  case nonFinite(step: Int, what: String, sequences: [SequenceReference], checkpoint: String?)
  /// A loss far above its recent median; the parameters are those before the step.
  case spike(
    step: Int, loss: Double, median: Double, sequences: [SequenceReference], checkpoint: String?)
  /// The end that a `StopRequest` asked for; the same call goes on.
  case stopped(step: Int, totalSteps: Int, checkpoint: String?)
  /// No checkpoint of the best evaluation.
  case noBestCheckpoint(folder: String, reason: String)
  /// A folder with the checkpoints of another run.
  case differentRun(folder: String, differences: [String])
  /// A folder in which another process trains.
  case inUse(folder: String)
  /// A checkpoint that is not what was written.
  case damagedCheckpoint(folder: String, file: String, reason: String)
  /// A file of the run that cannot be read.
  case unreadable(file: String, reason: String)
  /// A file of the run that cannot be written.
  case unwritable(file: String, reason: String)
  /// A model that cannot initialise this student.
  case cannotInitialise(folder: String, reason: String)
}

extension StudentTrainerError: CustomStringConvertible {
  /// The message for the person at the terminal.
  package var description: String {
    switch self {
    case .invalidConfiguration(let field, let value, let allowed):
      "the training option \(field) cannot be \(value); it has to be \(allowed)"
    case .mismatch(let what, let differences):
      "\(what) do not belong together: \(differences.joined(separator: "; ")); "
        + "use a cache made from this corpus and this tokenizer, or make one with "
        + "'pipeline cache-teacher'"
    case .missingTargets(let loss, let reason):
      "\(loss) has a weight but nothing to train it on: \(reason)"
    case .inputChanged(let sequence, let replica, let expected, let found):
      "\(Self.name(sequence)), mask replica \(replica): the corrupted tokens have checksum \(found), "
        + "the teacher saw \(expected); the cache was made by another mask generator or from another "
        + "corpus, make it again with 'pipeline cache-teacher'"
    case .badTargets(let sequence, let replica, let reason):
      "soft targets of \(Self.name(sequence)), mask replica \(replica): \(reason); "
        + "make the cache again with 'pipeline cache-teacher'"
    case .missingShard(let folder, let shard, let reason):
      "'\(folder)': \(shard ?? "the shared tables") \(shard == nil ? "are" : "is") not there: "
        + "\(reason). Run the same 'pipeline cache-teacher' command again; this run goes on from its "
        + "last checkpoint"
    case .noBatches(let what):
      "\(what) gives no batch to train on; check that the corpus holds sequences"
    case .nonFinite(let step, let what, let sequences, let checkpoint):
      "step \(step + 1): \(what) is not a finite number; the parameters were left as before it. "
        + "Its batches held \(Self.list(sequences)). \(Self.lastGood(checkpoint)). Look at these "
        + "sequences, or begin another run with a lower learning rate"
    case .spike(let step, let loss, let median, let sequences, let checkpoint):
      "step \(step + 1): the loss \(Float(loss)) is far above \(Float(median)), the median of the "
        + "steps before it; the parameters were left as before it. Its batches held "
        + "\(Self.list(sequences)). \(Self.lastGood(checkpoint)). Go on past it with --resume and "
        + "--spike-factor 0 or a higher one, or begin another run with a lower learning rate"
    case .stopped(let step, let totalSteps, let checkpoint):
      "stopped after step \(step) of \(totalSteps), as was asked for; "
        + (checkpoint == nil ? "nothing was done that could be kept" : "a checkpoint was written")
    case .noBestCheckpoint(let folder, let reason):
      "the best student of '\(folder)' cannot be exported: \(reason)"
    case .differentRun(let folder, let differences):
      "'\(folder)' holds a run of another configuration: \(differences.joined(separator: "; ")). "
        + "Choose another folder, or remove it first"
    case .inUse(let folder):
      "another process is training in '\(folder)'; wait until it has ended, or choose another folder"
    case .damagedCheckpoint(let folder, let file, let reason):
      "the checkpoint '\(folder)' is damaged: \(file) \(reason); remove that folder to go on from the "
        + "one before it"
    case .unreadable(let file, let reason):
      "cannot read '\(file)': \(reason)"
    case .unwritable(let file, let reason):
      "cannot write '\(file)': \(reason); check permissions and free space"
    case .cannotInitialise(let folder, let reason):
      "the student cannot start from '\(folder)': \(reason)"
    }
  }

  private static func name(_ sequence: SequenceReference) -> String {
    "sequence \(sequence.index) of block \(sequence.block)"
  }

  private static func lastGood(_ checkpoint: String?) -> String {
    checkpoint.map { "The last good checkpoint is '\($0)'" } ?? "There is no checkpoint yet"
  }

  private static func list(_ sequences: [SequenceReference]) -> String {
    let shown = sequences.prefix(8).map { "block \($0.block) sequence \($0.index)" }
    let more =
      sequences.count > 8 ? " and \(sequences.count - 8) more, all in the run's diverged.json" : ""
    return shown.joined(separator: ", ") + more
  }
}
