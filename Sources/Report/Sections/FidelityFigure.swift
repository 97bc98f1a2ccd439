import Console
import Foundation
package import StudentTrainer

/// Pictures of stored bytes against gradient angle, one a temperature.
package struct FidelityFigure {
  private let entries: [FidelityReport.Entry]
  private let families: [String]

  private static let (width, height) = (460.0, 340.0)
  private static let (left, right, top, bottom) = (50.0, 16.0, 28.0, 40.0)
  /// Angles below this are drawn on it: a logarithmic axis has no 0.
  private static let leastAngle = 0.05

  /// A picture of reports.
  package init(_ reports: [FidelityReport]) {
    entries = reports.flatMap(\.entries)
    families = Array(Set(entries.map { Self.family($0.variant) })).sorted()
  }

  /// Temperatures, ascending.
  private var temperatures: [Double] { Array(Set(entries.map(\.temperature))).sorted() }

  /// A picture by itself, white with colours of its own.
  package var standalone: String {
    let count = Double(max(temperatures.count, 1))
    let panels: [HTML] = temperatures.enumerated().map { index, temperature in
      """
      <svg x="\(Picture.number(Self.width * Double(index)))" width="\(Picture.number(Self.width))" \
      height="\(Picture.number(Self.height))">\(panel(temperature))</svg>
      """
    }
    let size: HTML = "\(Picture.number(Self.width * count)) \(Picture.number(Self.height))"
    let picture: HTML = """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(Picture.number(Self.width * count))" \
      height="\(Picture.number(Self.height))" viewBox="0 0 \(size)">
      <style>svg{\(Stylesheet.lightColours)}\(Stylesheet.picture)</style>
      <rect width="100%" height="100%" fill="white"/>
      \(panels)
      </svg>

      """
    return picture.text
  }

  /// Figures of a page, one a temperature.
  var figures: [HTML] {
    temperatures.map { temperature in
      """
      <figure data-figure="fidelity">
      <svg viewBox="0 0 \(Picture.number(Self.width)) \(Picture.number(Self.height))" role="img" \
      aria-label="Bytes a position against the angle of the gradient at T = \(Format.fixed(temperature, 1))">
      \(panel(temperature))
      </svg>
      </figure>
      """
    }
  }

  /// Ways of reading that belong together: the same tail.
  private static func family(_ name: String) -> String {
    let words = name.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    guard let last = words.last else { return name }
    return last.hasPrefix("rank") ? "low rank" : last
  }

  private func panel(_ temperature: Double) -> HTML {
    let points = entries.filter { $0.temperature == temperature && $0.totalBytes > 0 }
    func angle(_ entry: FidelityReport.Entry) -> Double {
      max(entry.gradientAngle, Self.leastAngle)
    }
    func range(_ values: [Double]) -> ClosedRange<Double> {
      (values.min() ?? 1)...(values.max() ?? 10)
    }
    let (right, bottom) = (Self.width - Self.right, Self.height - Self.bottom)
    let horizontal = Axis(
      range(points.map(\.totalBytes)), from: Self.left, to: right - 40, isLogarithmic: true)
    let vertical = Axis(range(points.map(angle)), from: bottom, to: Self.top, isLogarithmic: true)
    var labels = LabelPlaces(right: right)
    let marks: [HTML] = points.sorted { $0.totalBytes < $1.totalBytes }.map { point in
      let (x, y) = (horizontal[point.totalBytes], vertical[angle(point)])
      let family = (families.firstIndex(of: Self.family(point.variant)) ?? 0) % Legend.colours
      let place = labels.place(point.variant, x: x, y: y)
      return """
        <g class="c\(family)"><circle class="dot" cx="\(Picture.number(x))" cy="\(Picture.number(y))" \
        r="4"><title>\(point.variant): \(Format.fixed(point.totalBytes, 1)) bytes, \
        \(Format.fixed(point.gradientAngle, 2))°</title></circle>\
        \(Picture.text(point.variant, x: place.x, y: place.y, kind: "point", anchor: place.anchor))</g>
        """
    }
    return """
      \(axes(horizontal, vertical))
      \(Picture.text("T = \(Format.fixed(temperature, 1))", x: right, y: 15, kind: "label", anchor: "end"))
      \(marks)
      """
  }

  private func axes(_ horizontal: Axis, _ vertical: Axis) -> HTML {
    let (right, bottom) = (Self.width - Self.right, Self.height - Self.bottom)
    let columns: [HTML] = horizontal.ticks.map { tick in
      """
      <path class="grid" d="\(Picture.line([(horizontal[tick], Self.top), (horizontal[tick], bottom)]))"/>\
      \(Picture.text(horizontal.label(tick), x: horizontal[tick], y: bottom + 16))
      """
    }
    let rows: [HTML] = vertical.ticks.map { tick in
      """
      <path class="grid" d="\(Picture.line([(Self.left, vertical[tick]), (right, vertical[tick])]))"/>\
      \(Picture.text(
        vertical.label(tick) + "°", x: Self.left - 6, y: vertical[tick] + 4, anchor: "end"))
      """
    }
    return """
      \(columns)
      \(rows)
      <path class="axis" d="\(Picture.line([(Self.left, bottom), (right, bottom)]))"/>
      \(Picture.text("bytes a position", x: right, y: bottom + 32, kind: "unit", anchor: "end"))
      \(Picture.text("angle of the gradient", x: 4, y: 15, kind: "unit", anchor: "start"))
      """
  }
}

/// Finds room for the labels of points, so that few lie on others.
private struct LabelPlaces {
  let right: Double
  private var taken: [(x: ClosedRange<Double>, y: Double)] = []

  init(right: Double) { self.right = right }

  mutating func place(
    _ text: String, x: Double, y: Double
  ) -> (x: Double, y: Double, anchor: String) {
    // About the width of the small type.
    let width = 5.4 * Double(text.count)
    let sides: [(shift: Double, lines: Double)] = [
      (7, 3), (-7, 3), (7, -8), (7, 14), (-7, -8), (-7, 14), (7, -18), (7, 24), (7, -28), (7, 34),
    ]
    var chosen = (x: x + 7, y: y + 3, anchor: "start")
    for side in sides {
      let isRight = side.shift > 0
      let begin = isRight ? x + side.shift : x + side.shift - width
      guard begin >= 50, begin + width <= right + 2 else { continue }
      let room = begin...(begin + width)
      let free = taken.allSatisfy { !$0.x.overlaps(room) || abs($0.y - (y + side.lines)) > 10 }
      if free {
        chosen = (x + side.shift, y + side.lines, isRight ? "start" : "end")
        break
      }
    }
    let begin = chosen.anchor == "start" ? chosen.x : chosen.x - width
    taken.append((begin...(begin + width), chosen.y))
    taken.append(((x - 4)...(x + 4), y + 3))
    return chosen
  }
}
