import Console
import Foundation
import StudentTrainer

/// A picture of stored bytes against gradient angle, one panel a temperature.
struct FidelityPlot {
  private let entries: [FidelityReport.Entry]

  private static let (width, height) = (460.0, 380.0)
  private static let (left, right, top, bottom) = (58.0, 16.0, 40.0, 46.0)
  private static let colours = [
    "#1f6f8b", "#c8553d", "#5b8c2a", "#7d4f9e", "#b8860b", "#3d5a80", "#8d5524", "#666666",
  ]

  init(_ reports: [FidelityReport]) { entries = reports.flatMap(\.entries) }

  /// The picture.
  var svg: String {
    let temperatures = Array(Set(entries.map(\.temperature))).sorted()
    let width = Self.width * Double(max(temperatures.count, 1))
    var text = """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(Int(width))" height="\(Int(Self.height))" \
      viewBox="0 0 \(Int(width)) \(Int(Self.height))" font-family="sans-serif" font-size="11">
      <rect width="100%" height="100%" fill="white"/>

      """
    for (index, temperature) in temperatures.enumerated() {
      text += panel(temperature, x: Self.width * Double(index))
    }
    return text + "</svg>\n"
  }

  /// Ways of reading that belong together: the same tail.
  private static func family(_ name: String) -> String {
    let words = name.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    guard let last = words.last else { return name }
    return last.hasPrefix("rank") ? "low rank" : last
  }

  private func panel(_ temperature: Double, x origin: Double) -> String {
    let points = entries.filter { $0.temperature == temperature && $0.totalBytes > 0 }
    let families = Array(Set(entries.map { Self.family($0.variant) })).sorted()
    let horizontal = LogScale(
      points.map(\.totalBytes), from: origin + Self.left, to: origin + Self.width - Self.right)
    let vertical = LogScale(
      points.map { max($0.gradientAngle, 0.05) }, from: Self.height - Self.bottom, to: Self.top)
    var text = label(
      "T = \(Format.fixed(temperature, 1))", x: origin + Self.width / 2, y: 18, anchor: "middle",
      size: 14)
    text += axes(horizontal, vertical, origin: origin)
    for point in points {
      let (x, y) = (horizontal[point.totalBytes], vertical[max(point.gradientAngle, 0.05)])
      let family = families.firstIndex(of: Self.family(point.variant)) ?? 0
      let colour = Self.colours[family % Self.colours.count]
      text += "<circle cx=\"\(Int(x))\" cy=\"\(Int(y))\" r=\"4\" fill=\"\(colour)\"/>\n"
      text += label(point.variant, x: x + 6, y: y - 5, anchor: "start", size: 9, colour: colour)
    }
    return text
  }

  private func axes(_ horizontal: LogScale, _ vertical: LogScale, origin: Double) -> String {
    let (left, bottom) = (origin + Self.left, Self.height - Self.bottom)
    let right = origin + Self.width - Self.right
    var text = """
      <path d="M\(left) \(Self.top)V\(bottom)H\(right)" fill="none" stroke="#444"/>

      """
    for tick in horizontal.ticks {
      let x = horizontal[tick]
      text += "<path d=\"M\(x) \(bottom)V\(Self.top)\" stroke=\"#e4e4e4\"/>\n"
      text += label(LogScale.text(tick), x: x, y: bottom + 15, anchor: "middle", size: 10)
    }
    for tick in vertical.ticks {
      let y = vertical[tick]
      text += "<path d=\"M\(left) \(y)H\(right)\" stroke=\"#e4e4e4\"/>\n"
      text += label(LogScale.text(tick) + "°", x: left - 5, y: y + 4, anchor: "end", size: 10)
    }
    text += label(
      "bytes a position", x: (left + right) / 2, y: Self.height - 12, anchor: "middle", size: 11)
    return text
      + label("angle of the gradient", x: left, y: Self.top - 8, anchor: "start", size: 11)
  }

  private func label(
    _ text: String, x: Double, y: Double, anchor: String, size: Int, colour: String = "#222"
  ) -> String {
    let safe = text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
    return
      "<text x=\"\(Format.fixed(x, 1))\" y=\"\(Format.fixed(y, 1))\" text-anchor=\"\(anchor)\" "
      + "font-size=\"\(size)\" fill=\"\(colour)\">\(safe)</text>\n"
  }
}

/// Places on a logarithmic axis.
private struct LogScale {
  let ticks: [Double]
  private let low: Double
  private let high: Double
  private let from: Double
  private let to: Double

  init(_ values: [Double], from: Double, to: Double) {
    low = log((values.min() ?? 1) / 1.3)
    high = log((values.max() ?? 10) * 1.5)
    self.from = from
    self.to = to
    let (low, high) = (low, high)
    ticks = (-2...5).flatMap { power in [1.0, 2, 5].map { $0 * pow(10, Double(power)) } }
      .filter { (low...high).contains(log($0)) }
  }

  subscript(value: Double) -> Double { from + (log(value) - low) / (high - low) * (to - from) }

  static func text(_ value: Double) -> String {
    value >= 1 ? "\(Int(value))" : Format.fixed(value, value >= 0.1 ? 1 : 2)
  }
}
