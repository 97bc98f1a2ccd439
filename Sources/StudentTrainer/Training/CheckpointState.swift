import Crypto
import Foundation
import ShardStore

/// The state of a run between two steps, beside its parameters and moments.
struct CheckpointState: Codable, Equatable {
  /// The version that is written and read.
  static let currentVersion = 1

  /// Version of the checkpoint's layout.
  var formatVersion = currentVersion
  /// Optimiser steps done.
  var step: Int
  /// Epoch of the next batch.
  var epoch: Int
  /// Index of the next batch within the epoch.
  var batchIndex: Int
  /// Tokens trained on so far.
  var tokens: Int
  /// Bytes of `metrics.jsonl` that belong to the steps done.
  var metricsBytes: UInt64
  /// Loss of the last step.
  var lastLoss: Double
  /// The last evaluation, where there was one.
  var evaluation: EvaluationMetrics?
  /// The best evaluation so far, where there was one; its checkpoint is kept.
  var best: BestStep?
  /// Bytes of TensorBoard's event file that belong to the steps done; nil in checkpoints of before
  /// there was one.
  var eventBytes: UInt64?
  /// Losses of the last steps, which tell a spike; nil in checkpoints of before they were kept.
  var recentLosses: [Double]?
  /// Seconds of training up to here, without what a kill lost.
  var seconds = 0.0
  /// Seconds of them that the trainer waited for batches.
  var waitedSeconds = 0.0
  /// Sequences left out so far because their soft targets were not there; nil for none.
  var skippedSequences: Int?
  /// Those of the epoch `countedEpoch`, which has not ended.
  var skippedOfEpoch: Int?
  /// The epoch that `skippedOfEpoch` counts.
  var countedEpoch: Int?
  /// Digest of the run's identity.
  var configurationDigest: String
  /// SHA-256 of each tensor file.
  var files: [String: String]
  /// SHA-256 of this state with an empty checksum, so that a flipped bit of it is noticed too.
  var checksum = ""

  /// The bytes of `state.json`, with their checksum.
  func encoded() throws -> Data {
    var state = self
    state.checksum = try expectedChecksum()
    return try Self.encoder([.prettyPrinted]).encode(state)
  }

  /// What the checksum has to be.
  func expectedChecksum() throws -> String {
    var state = self
    state.checksum = ""
    return Hexadecimal.text(SHA256.hash(data: try Self.encoder([]).encode(state)))
  }

  private static func encoder(_ more: JSONEncoder.OutputFormatting) -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = more.union([.sortedKeys, .withoutEscapingSlashes])
    return encoder
  }
}
