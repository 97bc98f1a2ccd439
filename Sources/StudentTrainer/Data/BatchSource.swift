/// Batches of a corpus by epoch and index, the same for equal arguments.
///
/// Called from one thread at a time, which may be another than the trainer's.
package protocol BatchSource: Sendable {
  /// What determines the batches, name by name; part of a run's identity.
  var identity: [String: String] { get }
  /// True where batches may be made on another thread while the student trains.
  var runsAhead: Bool { get }
  /// Number of batches of an epoch.
  ///
  /// - Throws: what reading the corpus throws.
  func batchCount(epoch: Int) throws -> Int
  /// Sequences of each batch of an epoch, also of those that may be left out.
  ///
  /// - Throws: as `batchCount(epoch:)`.
  func sequenceCounts(epoch: Int) throws -> [Int]
  /// A batch, or nil past the last one of the epoch. One that lost all sequences is
  /// passed over.
  ///
  /// - Parameters:
  ///   - epoch: Counted from 0.
  ///   - index: Counted from 0 within the epoch.
  ///   - temperature: T of the step that it is for; nil is the run's own, where it has one only.
  /// - Returns: The batch.
  /// - Throws: `StudentTrainerError`, and what reading the corpus or cache throws.
  func batch(epoch: Int, index: Int, temperature: Double?) throws -> TrainingBatch?
  /// Tokens of the longest sequence that will come, nil where that is not known before.
  ///
  /// - Throws: what reading the corpus throws.
  func longestSequence() throws -> Int?
  /// Ends a call of `batch` that waits for something; called from another thread, when no batch is
  /// wanted any more.
  func cancel()
}

extension BatchSource {
  /// Not known.
  package func longestSequence() throws -> Int? { nil }

  /// Does nothing: the source never waits.
  package func cancel() {}

  /// A batch at the run's own temperature.
  package func batch(epoch: Int, index: Int) throws -> TrainingBatch? {
    try batch(epoch: epoch, index: index, temperature: nil)
  }

  /// Counts by making every batch; sources that know better do not.
  package func sequenceCounts(epoch: Int) throws -> [Int] {
    try (0..<batchCount(epoch: epoch)).map {
      try batch(epoch: epoch, index: $0).map { $0.references.count + $0.skippedSequences } ?? 0
    }
  }
}
