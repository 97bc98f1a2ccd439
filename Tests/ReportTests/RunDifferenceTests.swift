import Report
import Testing

/// Which settings become columns.
struct RunDifferenceTests {
  private let base = [
    "configuration.temperature": "2", "configuration.seed": "1", "model.numHiddenLayers": "2",
    "model.hiddenSize": "128", "model.intermediateSize": "512", "initialParameters": "aa",
    "configuration.intervals.log": "10", "source.targets": "cache",
  ]

  @Test func onlyWhatDiffersIsAColumn() {
    let runs = [
      base,
      base.merging(["configuration.temperature": "4", "configuration.divergence": "reverse"]) {
        $1
      },
    ]
    #expect(
      RunDifferences(runs).columns == [
        .init(title: "T", values: ["2", "4"]),
        .init(title: "divergence", values: ["forward", "reverse"]),
      ])
  }

  @Test func whatFollowsFromAnotherSettingIsNone() {
    let wide = base.merging(
      ["model.hiddenSize": "256", "model.intermediateSize": "1024", "initialParameters": "bb"]) {
        $1
      }
    #expect(
      RunDifferences([base, wide]).columns == [.init(title: "width", values: ["128", "256"])])
  }

  @Test func aDerivedFieldThatAloneTellsRunsApartIsShown() {
    let other = base.merging(
      ["initialParameters": String(repeating: "ab", count: 32)]) { $1 }
    #expect(
      RunDifferences([base, other]).columns == [
        .init(title: "initialParameters", values: ["aa", "abababab"])
      ])
  }

  @Test func intervalsAndRunsWithoutFieldsMakeNoColumn() {
    let other = base.merging(["configuration.intervals.log": "1"]) { $1 }
    #expect(RunDifferences([base, other, [:]]).columns.isEmpty)
    #expect(RunDifferences([]).columns.isEmpty)
    #expect(RunDifferences([base]).columns.isEmpty)
  }
}
