import Corpus
import Foundation

/// Notices a run that goes astray before the step that would spoil its parameters.
///
/// A step diverges where its loss or the norm of its gradients is no finite number, or where its loss
/// is above `factor` times the median of the last 64 steps. The median lags by 32 steps, so that a loss
/// that climbs over many steps is noticed as well as one that jumps, and a single bad step before does
/// not count; there is no verdict before 32 steps, since a run's first losses fall fast.
struct DivergenceWatch {
  /// Steps whose losses are remembered.
  static let window = 64
  /// The factor unless one is given. Measured: batches of 1,000 to 4,000 tokens of real text stay
  /// below 1.2 times the median.
  static let usualFactor = 3.0
  /// Steps before the first verdict.
  static let leastSteps = 32

  /// How far above the median a loss may be; 0 looks for numbers that are not finite only.
  let factor: Double
  /// Losses of the last steps, oldest first; part of a checkpoint, so that a resumed run decides alike.
  private(set) var recent: [Double]
  /// The last checkpoint, nil before the first.
  var checkpoint: URL?

  /// A watch that remembers what the run's checkpoint does.
  init(factor: Double, recent: [Double], checkpoint: URL?) {
    self.factor = factor
    self.recent = recent
    self.checkpoint = checkpoint
  }

  /// Remembers the loss of a step, or refuses the step.
  ///
  /// - Parameters:
  ///   - step: Steps done before this one.
  ///   - loss: Its loss.
  ///   - gradNorm: Norm of its gradients.
  ///   - sequences: What its batches held.
  /// - Throws: `StudentTrainerError.nonFinite`, `.spike`.
  mutating func check(
    step: Int, loss: Double, gradNorm: Double, sequences: @autoclosure () -> [SequenceReference]
  ) throws {
    guard loss.isFinite, gradNorm.isFinite else {
      throw StudentTrainerError.nonFinite(
        step: step, what: loss.isFinite ? "the norm of the gradients" : "the loss",
        sequences: sequences(), checkpoint: checkpoint?.path)
    }
    if factor > 0, recent.count >= Self.leastSteps {
      let median = recent.sorted()[recent.count / 2]
      if loss > factor * median {
        throw StudentTrainerError.spike(
          step: step, loss: loss, median: median, sequences: sequences(),
          checkpoint: checkpoint?.path)
      }
    }
    recent.append(loss)
    if recent.count > Self.window { recent.removeFirst() }
  }
}
