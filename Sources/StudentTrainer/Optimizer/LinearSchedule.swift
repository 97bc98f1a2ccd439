/// The learning rate rises linearly to its peak and falls linearly to zero.
///
/// - Source: `transformers.get_linear_schedule_with_warmup`; the first step's rate is 0 where there
///   is a warm-up.
package struct LinearSchedule: Sendable, Equatable {
  /// The rate at the end of the warm-up.
  package let peak: Double
  /// Steps that rise.
  package let warmupSteps: Int
  /// Steps of the whole run.
  package let totalSteps: Int

  /// A schedule of `totalSteps` steps.
  ///
  /// - Precondition: counts are not negative.
  package init(peak: Double, warmupSteps: Int, totalSteps: Int) {
    precondition(warmupSteps >= 0 && totalSteps >= 0, "steps are counted from 0")
    self.peak = peak
    self.warmupSteps = warmupSteps
    self.totalSteps = totalSteps
  }

  /// The rate of a step counted from 0; 0 past the end.
  package func rate(step: Int) -> Double {
    if step < warmupSteps { return peak * Double(step) / Double(max(1, warmupSteps)) }
    let left = Double(totalSteps - step) / Double(max(1, totalSteps - warmupSteps))
    return peak * max(0, left)
  }
}
