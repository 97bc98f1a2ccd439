/// The values of one run along its steps, thinned and smoothed to be drawn.
package struct Curve: Sendable {
  /// A value.
  package typealias Point = MetricsLog.Point

  /// Most points of a line that a picture of this size can show.
  static let mostPoints = 600

  /// Index of the run, which gives colour and name.
  package let run: Int
  /// All recorded values.
  package let points: [Point]

  /// The values of a run; a point in the middle of others with equal step is kept as it is.
  package init(run: Int, points: [Point]) {
    self.run = run
    self.points = points
  }

  /// What is drawn of the values: all of them, or the least and the largest of each stretch.
  package var thinned: [Point] { Self.thin(points) }

  /// The mean over a window round each point; nil where there are too few to smooth.
  package var smoothed: [Point]? {
    let reach = points.count / 20
    guard reach > 0 else { return nil }
    var sums = [0.0]
    for point in points { sums.append((sums.last ?? 0) + point.value) }
    return Self.thin(
      points.indices.map { index in
        // As far to one side as to the other, so that the ends are not drawn inwards.
        let room = min(reach, index, points.count - 1 - index)
        let sum = sums[index + room + 1] - sums[index - room]
        return Point(step: points[index].step, value: sum / Double(2 * room + 1))
      })
  }

  private static func thin(_ points: [Point]) -> [Point] {
    guard points.count > mostPoints else { return points }
    let stretches = mostPoints / 2
    return (0..<stretches).flatMap { stretch -> [Point] in
      let range = points.count * stretch / stretches..<points.count * (stretch + 1) / stretches
      guard let least = range.min(by: { points[$0].value < points[$1].value }),
        let most = range.max(by: { points[$0].value < points[$1].value })
      else { return [] }
      return least == most
        ? [points[least]] : [points[min(least, most)], points[max(least, most)]]
    }
  }
}
