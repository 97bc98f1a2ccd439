import Foundation

/// A chart of one metric of several runs along their steps.
package struct LineChart: Sendable {
  /// How values are shown.
  package enum Style: String, Sendable {
    /// A smoothed line over faint points.
    case smoothed
    /// A line.
    case line
    /// A line with a dot at each value, for values that are few.
    case dotted
  }

  /// What is shown.
  package var title: String
  /// The key of `metrics.jsonl`.
  package var key: String
  /// The values.
  package var curves: [Curve]
  /// How they are shown.
  package var style: Style
  /// A level to compare with, and its name.
  package var level: (value: Double, name: String)?
  /// Width and height in units of the picture; one is about a pixel.
  package var size = (width: 460.0, height: 270.0)

  private static let (left, right, top, bottom) = (50.0, 12.0, 12.0, 36.0)

  /// The figure, nil where no run has a value.
  func figure(_ legend: Legend) -> HTML? {
    let curves = curves.filter { !$0.points.isEmpty }
    guard let first = curves.first?.points.first else { return nil }
    let last = curves.compactMap { $0.points.last?.step }.max() ?? first.step
    let (plotWidth, plotHeight) = (
      size.width - Self.left - Self.right, size.height - Self.top - Self.bottom
    )
    let horizontal = Axis(
      min(0, first.step)...max(last, 1), from: 0, to: plotWidth,
      tickCount: size.width > 400 ? 6 : 4)
    let outside = Self.farOutside(curves)
    let inside = curves.filter { !outside.contains($0.run) }
    let vertical = Axis(range(inside), from: plotHeight, to: 0)
    return """
      <figure data-figure="\(key)">
      <figcaption>\(title)\(outsideNote(outside, legend))</figcaption>
      <svg viewBox="0 0 \(Picture.number(size.width)) \(Picture.number(size.height))" role="img" \
      aria-label="\(title)">
      \(grid(horizontal, vertical, plotWidth, plotHeight))
      <svg x="\(Picture.number(Self.left))" y="\(Picture.number(Self.top))" \
      width="\(Picture.number(plotWidth))" height="\(Picture.number(plotHeight))">
      \(levelLine(vertical, plotWidth))
      \(curves.reversed().map { draw($0, horizontal, vertical, legend) })
      </svg>
      </svg>
      </figure>
      """
  }

  /// Runs whose last values are so far from the others' that an axis with room for them would show
  /// nothing else: past the quartiles by more than six times their distance.
  private static func farOutside(_ curves: [Curve]) -> Set<Int> {
    guard curves.count >= 5 else { return [] }
    let ends = curves.compactMap { curve -> (run: Int, value: Double)? in
      let tail = curve.points.suffix(max(1, curve.points.count / 10)).map(\.value)
      return (curve.run, tail.reduce(0, +) / Double(tail.count))
    }
    let values = ends.map(\.value).sorted()
    let (low, high) = (values[values.count / 4], values[values.count - 1 - values.count / 4])
    let reach = 6 * (high - low)
    return reach > 0
      ? Set(ends.filter { $0.value < low - reach || $0.value > high + reach }.map(\.run)) : []
  }

  private func outsideNote(_ runs: Set<Int>, _ legend: Legend) -> HTML {
    guard !runs.isEmpty else { return "" }
    let names = runs.sorted().map { legend.names[$0] }.joined(separator: ", ")
    return " <small>far outside: \(names)</small>"
  }

  /// The values to show: all lines, and all but the farthest hundredth of the faint points.
  private func range(_ curves: [Curve]) -> ClosedRange<Double> {
    var values = curves.flatMap { curve in
      (style == .smoothed ? curve.smoothed ?? curve.points : curve.points).map(\.value)
    }
    if style == .smoothed {
      let all = curves.flatMap { $0.points.map(\.value) }.sorted()
      values += [all[all.count / 100], all[all.count - 1 - all.count / 100]]
    }
    var (low, high) = (values.min() ?? 0, values.max() ?? 1)
    if let level {
      // Its name stands below its line.
      (low, high) = (min(low, level.value), max(high, level.value))
      low -= 0.1 * (high - low)
    }
    let room = 0.04 * (high - low)
    // What cannot be negative has its axis begin at 0 where it is near.
    let least = low >= 0 && low < 0.35 * high ? 0 : low - room
    return least...(high + room)
  }

  private func grid(
    _ horizontal: Axis, _ vertical: Axis, _ width: Double, _ height: Double
  ) -> HTML {
    let (left, top) = (Self.left, Self.top)
    let rows: [HTML] = vertical.ticks.map { tick in
      let y = top + vertical[tick]
      return """
        <path class="grid" d="\(Picture.line([(left, y), (left + width, y)]))"/>\
        \(Picture.text(vertical.label(tick), x: left - 6, y: y + 4, anchor: "end"))
        """
    }
    let columns: [HTML] = horizontal.ticks.map { tick in
      Picture.text(horizontal.label(tick), x: left + horizontal[tick], y: top + height + 16)
    }
    return """
      \(rows)
      \(columns)
      <path class="axis" d="\(Picture.line([(left, top + height), (left + width, top + height)]))"/>
      \(Picture.text("step", x: left + width, y: top + height + 31, kind: "unit", anchor: "end"))
      """
  }

  private func levelLine(_ vertical: Axis, _ width: Double) -> HTML {
    guard let level else { return "" }
    let y = vertical[level.value]
    return """
      <path class="level" d="\(Picture.line([(0, y), (width, y)]))"/>\
      \(Picture.text(level.name, x: width - 4, y: y + 14, kind: "unit", anchor: "end"))
      """
  }

  private func draw(
    _ curve: Curve, _ horizontal: Axis, _ vertical: Axis, _ legend: Legend
  ) -> HTML {
    func places(_ points: [Curve.Point]) -> [(x: Double, y: Double)] {
      points.map { (horizontal[$0.step], vertical[$0.value]) }
    }
    func path(_ kind: String, _ data: HTML, _ points: [Curve.Point]) -> HTML {
      """
      <path class="\(kind)" data-points="\(points.count)" d="\(data)"/>
      """
    }
    let all = curve.thinned
    var paths: [HTML] = []
    let smoothed = style == .smoothed ? curve.smoothed : nil
    if let smoothed {
      paths.append(path("raw", Picture.dots(places(all)), all))
      paths.append(path("line", Picture.line(places(smoothed)), smoothed))
    } else {
      paths.append(path("line", Picture.line(places(all)), all))
    }
    if style == .dotted || curve.points.count == 1 {
      paths.append(path("dots", Picture.dots(places(all)), all))
    }
    return """
      <g class="run run-\(curve.run) \(legend.style(curve.run))" data-run="\(legend.names[curve.run])" \
      data-values="\(curve.points.count)"><title>\(legend.names[curve.run])</title>
      \(paths)
      </g>
      """
  }
}
