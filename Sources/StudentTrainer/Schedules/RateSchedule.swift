import Foundation

/// The learning rate: a linear warm-up to the peak, then one of four shapes.
///
/// - Source: `transformers.get_linear_schedule_with_warmup`, `get_cosine_schedule_with_warmup` and
///   `get_constant_schedule_with_warmup`; Hu et al. 2024 for `wsd`. The first step's rate is 0 where
///   there is a warm-up.
package struct RateSchedule: Sendable, Equatable {
  /// What follows the warm-up.
  package enum Shape: String, Codable, Sendable, CaseIterable {
    /// A straight line to 0 at the end; DistilBERT's.
    case linear
    /// Half a cosine to 0 at the end.
    case cosine
    /// The peak to the end.
    case constant
    /// The peak, and a straight line to 0 over the last steps.
    case wsd
  }

  /// What follows the warm-up.
  package let shape: Shape
  /// The rate at the end of the warm-up.
  package let peak: Double
  /// Steps that rise.
  package let warmupSteps: Int
  /// Steps that fall at the end; for `wsd`.
  package let decaySteps: Int
  /// Steps of the whole run.
  package let totalSteps: Int

  /// A schedule of `totalSteps` steps.
  ///
  /// - Precondition: counts are not negative.
  package init(
    _ shape: Shape = .linear, peak: Double, warmupSteps: Int, decaySteps: Int = 0, totalSteps: Int
  ) {
    precondition(
      warmupSteps >= 0 && decaySteps >= 0 && totalSteps >= 0, "steps are counted from 0")
    self.shape = shape
    self.peak = peak
    self.warmupSteps = warmupSteps
    self.decaySteps = decaySteps
    self.totalSteps = totalSteps
  }

  /// The rate of a step counted from 0; past the end 0, or the peak of a constant rate.
  package func rate(step: Int) -> Double {
    if step < warmupSteps { return peak * Double(step) / Double(max(1, warmupSteps)) }
    let left = Double(totalSteps - step) / Double(max(1, totalSteps - warmupSteps))
    switch shape {
    case .linear: return peak * max(0, left)
    case .cosine: return step >= totalSteps ? 0 : peak * (1 - cos(.pi * left)) / 2
    case .constant: return peak
    case .wsd:
      return peak * min(1, max(0, Double(totalSteps - step)) / Double(max(1, decaySteps)))
    }
  }
}
