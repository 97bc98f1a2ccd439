import Foundation

/// One logged optimiser step; a line of `metrics.jsonl`.
package struct StepMetrics: Codable, Sendable, Equatable {
  /// Steps done, this one included.
  package var step: Int
  /// Epoch of the step's last batch.
  package var epoch: Int
  /// The weighted sum of the parts, before the update.
  package var loss: Double
  /// Mean T² KL, where there are soft targets.
  package var lossCE: Double?
  /// Mean cross entropy, where there are labels.
  package var lossMLM: Double?
  /// Mean 1 - cos, where there are teacher states.
  package var lossCos: Double?
  /// The hidden-state loss, the sum of its pairs' means, where there is one.
  package var lossHidden: Double?
  /// T of the step, where it follows a schedule; so the weights below.
  package var temperature: Double?
  /// Weight of the soft-target loss.
  package var klWeight: Double?
  /// Weight of the cross entropy.
  package var mlmWeight: Double?
  /// Weight of the cosine loss.
  package var cosineWeight: Double?
  /// Weight of the hidden-state loss.
  package var hiddenWeight: Double?
  /// Learning rate of the step.
  package var learningRate: Double
  /// Norm of all gradients before clipping.
  package var gradNorm: Double
  /// Tokens of all steps so far.
  package var tokens: Int
  /// Tokens per second since the line before.
  package var tokensPerSecond: Double
  /// Share of the time since the line before that the trainer waited for batches.
  package var dataWaitShare: Double
}

/// An evaluation during training; a line of `metrics.jsonl`.
package struct EvaluationMetrics: Codable, Sendable, Equatable {
  /// Steps done.
  package var step: Int
  /// Held-out masked-token loss, nats.
  package var evalLoss: Double
  /// Share of masked tokens whose likeliest ID is right.
  package var evalAccuracy: Double
  /// Masked tokens that were evaluated.
  package var evalPositions: Int
}

/// Sequences of an epoch that were not trained on; a line of `metrics.jsonl` at the epoch's end.
package struct SkipMetrics: Codable, Sendable, Equatable {
  /// Steps done.
  package var step: Int
  /// The epoch.
  package var epoch: Int
  /// Sequences left out because their soft targets were not there.
  package var skippedSequences: Int
}

/// Appends lines to `metrics.jsonl`. One owner, one thread.
final class MetricsFile {
  private let url: URL
  private let handle: FileHandle

  /// Opens the file and cuts it to `length` bytes, what a checkpoint knows of.
  ///
  /// - Throws: `StudentTrainerError.unwritable`, or `.unreadable` where it is shorter.
  init(url: URL, length: UInt64) throws {
    self.url = url
    if !FileManager.default.fileExists(atPath: url.path) {
      guard FileManager.default.createFile(atPath: url.path, contents: nil) else {
        throw StudentTrainerError.unwritable(file: url.path, reason: "the file cannot be created")
      }
    }
    do {
      handle = try FileHandle(forUpdating: url)
      let size = try handle.seekToEnd()
      guard size >= length else {
        throw StudentTrainerError.unreadable(
          file: url.path,
          reason: "it has \(size) bytes, the checkpoint knows of \(length); restore the file, or "
            + "remove the run's folder")
      }
      try handle.truncate(atOffset: length)
    } catch let error as StudentTrainerError {
      throw error
    } catch {
      throw StudentTrainerError.unwritable(file: url.path, reason: error.localizedDescription)
    }
  }

  deinit { try? handle.close() }

  /// Adds one line, given without its end.
  func append(_ line: Data) throws {
    do {
      try handle.write(contentsOf: line + [UInt8(ascii: "\n")])
    } catch {
      throw StudentTrainerError.unwritable(file: url.path, reason: error.localizedDescription)
    }
  }

  /// Forces the lines to the disk and tells how many bytes there are.
  func synchronize() throws -> UInt64 {
    do {
      try handle.synchronize()
      return try handle.offset()
    } catch {
      throw StudentTrainerError.unwritable(file: url.path, reason: error.localizedDescription)
    }
  }
}
