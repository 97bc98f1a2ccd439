package import Foundation

/// What a run's `metrics.jsonl` holds: every number by its key, in the order of the steps.
///
/// Keys that are not known are kept like the others; a line that is damaged is counted and left out.
package struct MetricsLog: Sendable, Equatable {
  /// One value.
  package struct Point: Sendable, Equatable {
    /// Steps done.
    package var step: Double
    /// The value; finite.
    package var value: Double

    /// A value of a step.
    package init(step: Double, value: Double) {
      self.step = step
      self.value = value
    }
  }

  /// The values of each key, by step.
  package private(set) var series: [String: [Point]] = [:]
  /// Numbers of the lines, from 1, that are no metrics.
  package private(set) var damagedLines: [Int] = []

  /// Reads the lines.
  package init(lines data: Data) {
    var number = 0
    for line in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      if line.isEmpty { continue }
      guard let object = try? JSONSerialization.jsonObject(with: line) as? [String: Any],
        let step = object["step"] as? NSNumber
      else {
        damagedLines.append(number)
        continue
      }
      for (key, value) in object where key != "step" {
        guard let value = value as? NSNumber, value.doubleValue.isFinite else { continue }
        series[key, default: []].append(
          Point(step: step.doubleValue, value: value.doubleValue))
      }
    }
  }

  /// The values of a key; empty where there are none.
  package subscript(key: String) -> [Point] { series[key] ?? [] }

  /// Steps of the last line.
  package var lastStep: Int? {
    series.values.compactMap { $0.last?.step }.max().map { Int($0) }
  }
}
