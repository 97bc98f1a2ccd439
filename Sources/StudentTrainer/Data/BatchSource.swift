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
  /// A batch, or nil past the last one of the epoch. One that lost all sequences is
  /// passed over.
  ///
  /// - Throws: `StudentTrainerError`, and what reading the corpus or cache throws.
  func batch(epoch: Int, index: Int) throws -> TrainingBatch?
  /// Ends a call of `batch` that waits for something; called from another thread, when no batch is
  /// wanted any more.
  func cancel()
}

extension BatchSource {
  /// Does nothing: the source never waits.
  package func cancel() {}
}
