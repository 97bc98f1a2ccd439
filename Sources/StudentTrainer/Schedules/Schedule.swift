import Foundation

/// A number that follows the steps of a run: a loss weight, or the temperature.
///
/// With s the step counted from 0 of n, and f = s / (n - 1) (0 where n is 1):
///
///     constant   v
///     linear     from + (to - from) f
///     cosine     to + (from - to) (1 + cos(pi f)) / 2
///     wsd        warm-up, stable, decay: end + (peak - end) s / w over the first w = ceil(warmup n)
///                steps, the peak, and end + (peak - end) (n - 1 - s) / d over the last
///                d = ceil(decay n), so that the last step has `end`; where both meet, the smaller
///
/// One spelling everywhere: `2`, `linear:4:1`, `cosine:4:1`, `wsd:PEAK:WARMUP:DECAY` and
/// `wsd:PEAK:WARMUP:DECAY:END`, END being 0 unless given.
///
/// - Source: Hu et al. 2024 (MiniCPM) for `wsd`.
package enum Schedule: Hashable, Sendable {
  /// The same at every step.
  case constant(Double)
  /// Along a straight line from the first step to the last.
  case linear(from: Double, to: Double)
  /// Along half a cosine from the first step to the last.
  case cosine(from: Double, to: Double)
  /// Warm-up, stable, decay; the shares are of all steps.
  case wsd(peak: Double, warmupShare: Double, decayShare: Double, end: Double)

  /// The value at a step counted from 0 of a run of `totalSteps`; past the end that of the last.
  package func value(step: Int, totalSteps: Int) -> Double {
    let last = max(totalSteps - 1, 0)
    let step = min(max(step, 0), last)
    let fraction = last > 0 ? Double(step) / Double(last) : 0
    switch self {
    case .constant(let value): return value
    case .linear(let from, let to):
      // The ends exactly, whatever rounding does between them.
      return step == last && last > 0 ? to : from + (to - from) * fraction
    case .cosine(let from, let to):
      return step == last && last > 0
        ? to : to + (from - to) * (1 + cos(.pi * fraction)) / 2
    case .wsd(let peak, let warmupShare, let decayShare, let end):
      let warmup = (warmupShare * Double(totalSteps)).rounded(.up)
      let decay = (decayShare * Double(totalSteps)).rounded(.up)
      var share = 1.0
      if Double(step) < warmup { share = Double(step) / warmup }
      if Double(last - step) < decay { share = min(share, Double(last - step) / decay) }
      return share == 1 ? peak : end + (peak - end) * share
    }
  }

  /// The smallest value that a run of any length can see.
  package var minimum: Double {
    switch self {
    case .constant(let value): value
    case .linear(let from, let to), .cosine(let from, let to): min(from, to)
    case .wsd(let peak, let warmupShare, let decayShare, let end):
      warmupShare + decayShare > 0 ? min(peak, end) : peak
    }
  }

  /// The largest value that a run of any length can see.
  package var maximum: Double {
    switch self {
    case .constant(let value): value
    case .linear(let from, let to), .cosine(let from, let to): max(from, to)
    case .wsd(let peak, let warmupShare, let decayShare, let end):
      warmupShare + decayShare > 0 ? max(peak, end) : peak
    }
  }

  /// True where every number is finite and the shares are from 0 to 1.
  package var isValid: Bool {
    switch self {
    case .constant(let value): value.isFinite
    case .linear(let from, let to), .cosine(let from, let to): from.isFinite && to.isFinite
    case .wsd(let peak, let warmupShare, let decayShare, let end):
      peak.isFinite && end.isFinite && (0...1).contains(warmupShare) && (0...1).contains(decayShare)
    }
  }
}

extension Schedule: Spelled {
  /// The schedule that a spelling says, or nil where it is none.
  package init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let numbers = parts.dropFirst().compactMap { Double($0) }
    guard numbers.count == parts.count - 1 else { return nil }
    switch (parts[0], numbers.count) {
    case ("linear", 2): self = .linear(from: numbers[0], to: numbers[1])
    case ("cosine", 2): self = .cosine(from: numbers[0], to: numbers[1])
    case ("wsd", 3), ("wsd", 4):
      self = .wsd(
        peak: numbers[0], warmupShare: numbers[1], decayShare: numbers[2],
        end: numbers.count > 3 ? numbers[3] : 0)
    case (let value, 0):
      guard let value = Double(value) else { return nil }
      self = .constant(value)
    default: return nil
    }
    guard isValid else { return nil }
  }

  /// The spelling.
  package var description: String {
    func text(_ value: Double) -> String {
      value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    }
    return switch self {
    case .constant(let value): text(value)
    case .linear(let from, let to): "linear:\(text(from)):\(text(to))"
    case .cosine(let from, let to): "cosine:\(text(from)):\(text(to))"
    case .wsd(let peak, let warmup, let decay, let end):
      "wsd:\(text(peak)):\(text(warmup)):\(text(decay))" + (end == 0 ? "" : ":\(text(end))")
    }
  }
}
