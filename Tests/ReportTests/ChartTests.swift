import Report
import Testing

/// What charts draw of values.
struct ChartTests {
  private func curve(_ values: [Double]) -> Curve {
    Curve(
      run: 0,
      points: values.enumerated().map { MetricsLog.Point(step: Double($0 + 1), value: $1) })
  }

  @Test func aShortCurveIsDrawnPointByPoint() {
    let curve = curve([3, 1, 2])
    #expect(curve.thinned == curve.points)
    #expect(curve.smoothed == nil)
  }

  @Test func aLongCurveKeepsItsPeaks() {
    var values = (0..<10_000).map { Double($0 % 7) }
    (values[3_333], values[7_777]) = (100, -100)
    let thinned = curve(values).thinned
    #expect(thinned.count <= 600)
    #expect(thinned.contains { $0.step == 3_334 && $0.value == 100 })
    #expect(thinned.contains { $0.step == 7_778 && $0.value == -100 })
    #expect(zip(thinned, thinned.dropFirst()).allSatisfy { $0.step < $1.step })
  }

  /// A mean over as many values before a point as after it leaves a straight line where it is.
  @Test func smoothingKeepsStraightLinesAndLevelsNoise() throws {
    let line = try #require(curve((0..<200).map { 5 - 0.01 * Double($0) }).smoothed)
    for (index, point) in line.enumerated() {
      #expect(abs(point.value - (5 - 0.01 * Double(index))) < 1e-9)
    }
    // Twenty-one values of 1 and -1 in turn have a mean of at most 1 / 21.
    let noise = try #require(curve((0..<200).map { $0 % 2 == 0 ? 1 : -1 }).smoothed)
    #expect(noise[10..<190].allSatisfy { abs($0.value) < 0.05 })
  }

  @Test(
    arguments: [
      (0.0...100.0, ["0", "20", "40", "60", "80", "100"]),
      (0...5.2e-4, ["0", "2e-4", "4e-4"]),
      (6.31...6.52, ["6.35", "6.40", "6.45", "6.50"]),
      (6.5...17, ["7.5", "10.0", "12.5", "15.0"]), (0...1.2, ["0", "0.25", "0.50", "0.75", "1.00"]),
      (0...83_000, ["0", "20k", "40k", "60k", "80k"]),
    ])
  func ticksAreRoundNumbers(_ range: ClosedRange<Double>, _ labels: [String]) {
    let axis = Axis(range, from: 0, to: 500)
    #expect(axis.ticks.map(axis.label) == labels)
    #expect(axis[range.lowerBound] == 0)
    #expect(abs(axis[range.upperBound] - 500) < 1e-9)
  }

  @Test func equalValuesHaveAnAxis() {
    let axis = Axis(2...2, from: 0, to: 100)
    #expect(abs(axis[2] - 50) < 1e-9)
    #expect(!axis.ticks.isEmpty)
  }

  @Test func logarithmicAxesGiveEqualRoomToEqualRatios() {
    let axis = Axis(1...100, from: 0, to: 300, isLogarithmic: true)
    #expect(abs((axis[10] - axis[1]) - (axis[100] - axis[10])) < 1e-9)
    #expect(axis.ticks.map(axis.label) == ["1", "2", "5", "10", "20", "50", "100"])
  }
}
