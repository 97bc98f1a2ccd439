import Console
import Foundation

/// Places of values along one side of a chart, with round numbers to mark.
package struct Axis: Sendable {
  /// The round numbers, ascending.
  package let ticks: [Double]
  private let low: Double
  private let high: Double
  private let from: Double
  private let to: Double
  private let isLogarithmic: Bool
  private let step: Double

  /// An axis for values.
  ///
  /// - Parameters:
  ///   - range: The values; a logarithmic axis takes those above 0.
  ///   - from: Where its lower end is, in units of the picture.
  ///   - to: Where its upper end is.
  ///   - tickCount: About how many numbers to mark.
  ///   - isLogarithmic: Whether equal ratios take equal room.
  package init(
    _ range: ClosedRange<Double>, from: Double, to: Double, tickCount: Int = 5,
    isLogarithmic: Bool = false
  ) {
    (self.from, self.to, self.isLogarithmic) = (from, to, isLogarithmic)
    if isLogarithmic {
      let (least, most) = (max(range.lowerBound, 1e-12), max(range.upperBound, 1e-12))
      (low, high) = (log(least / 1.25), log(most * 1.4))
      (step, ticks) = (0, Self.logarithmicTicks(low...high))
      return
    }
    // Equal values get some room, as a share of their size.
    let flat = range.upperBound - range.lowerBound < 1e-12 * max(abs(range.upperBound), 1e-12)
    let room = flat ? max(abs(range.upperBound) * 0.1, 1e-9) : 0
    (low, high) = (range.lowerBound - room, range.upperBound + room)
    step = Self.roundStep((high - low) / Double(max(tickCount, 1)))
    let (first, last) = ((low / step).rounded(.up), (high / step).rounded(.down))
    let step = step
    ticks = last < first ? [] : stride(from: first, through: last, by: 1).map { $0 * step }
  }

  /// Where a value is.
  package subscript(value: Double) -> Double {
    let place = isLogarithmic ? log(max(value, 1e-12)) : value
    return from + (place - low) / (high - low) * (to - from)
  }

  /// The text of a tick.
  package func label(_ tick: Double) -> String {
    if tick == 0 { return "0" }
    if isLogarithmic {
      return tick >= 10_000 ? Self.large(tick) : String(format: "%g", tick)
    }
    let largest = ticks.map(abs).max() ?? 1
    if largest >= 10_000 { return Self.large(tick) }
    if largest < 0.01 {
      let power = floor(log10(abs(tick)) + 1e-9)
      return String(format: "%ge%d", (tick / pow(10, power) * 1000).rounded() / 1000, Int(power))
    }
    // As many decimals as the step has: two for 0.25.
    let decimals = (0...9).first { count in
      let scaled = step * pow(10, Double(count))
      return abs(scaled - scaled.rounded()) < 1e-6 * scaled
    }
    return Format.fixed(tick, decimals ?? 9)
  }

  private static func large(_ value: Double) -> String {
    for (unit, name) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] where abs(value) >= unit {
      return String(format: "%g%@", value / unit, name)
    }
    return String(format: "%g", value)
  }

  private static func roundStep(_ step: Double) -> Double {
    let power = pow(10, floor(log10(step)))
    let factor = [1, 2, 2.5, 5, 10].first { $0 * power >= step * (1 - 1e-9) } ?? 10
    return factor * power
  }

  private static func logarithmicTicks(_ range: ClosedRange<Double>) -> [Double] {
    func ticks(_ factors: [Double]) -> [Double] {
      (-12...12).flatMap { power in factors.map { $0 * pow(10, Double(power)) } }
        .filter { range.contains(log($0)) }
    }
    let fine = ticks([1, 2, 5])
    return fine.count > 7 ? ticks([1]) : fine
  }
}
