import Foundation
import Report
import StudentTrainer
import TestSupport
import Testing
import Transformer

/// Run folders as they are found, and what their costs add up to.
struct RunRecordTests {
  /// The files of a run of 1,000 tokens.
  private func run(
    _ name: String, seconds: Double, source: [String: String], in folder: TemporaryFolder
  ) throws -> RunRecord {
    let encoder = JSONEncoder()
    func text(_ value: some Encodable) throws -> String {
      String(decoding: try encoder.encode(value), as: UTF8.self)
    }
    let model = EncoderConfiguration(
      architecture: .distilBert, vocabSize: 100, hiddenSize: 8, numHiddenLayers: 1,
      numAttentionHeads: 1, intermediateSize: 16)
    let identity = """
      {"formatVersion":1,"configuration":\(try text(TrainingConfiguration())),\
      "model":\(try text(model)),"initialParameters":"00","source":\(try text(source)),"totalSteps":10}
      """
    let summary = """
      {"steps":10,"tokens":1000,"lastLoss":1,"seconds":\(seconds),"dataWaitShare":0}
      """
    try folder.write("\(name)/run.json", identity)
    try folder.write("\(name)/finished.json", summary)
    try folder.write("\(name)/metrics.jsonl", "{\"step\":1,\"loss\":1}\n")
    return RunRecord(folder: folder.file(name), name: name)
  }

  private let cached = ["targets": "cache", "cache fingerprint": "f"]
  private let pass = TeacherPassCost(
    name: "cache", fingerprint: "f", seconds: 10, tokens: 2000, positions: 300, bytes: 1)

  @Test func aWholeRunHasNoProblem() throws {
    let folder = try TemporaryFolder()
    let record = try run("a", seconds: 4, source: cached, in: folder)
    #expect(record.problems.isEmpty)
    #expect(record.fields["configuration.temperature"] == "2")
    #expect(record.fields["source.targets"] == "cache")
    #expect(record.summary?.seconds == 4)
    #expect(RunRecord.folders(in: folder.url).map(\.lastPathComponent) == ["a"])
  }

  @Test func whatIsMissingOrDamagedIsSaid() throws {
    let folder = try TemporaryFolder([
      "a/run.json": "{", "a/metrics.jsonl": "{\"step\":1,\"loss\":1}\nx\n", "b/run.json": "{}",
      "notes.txt": "",
    ])
    let folders = RunRecord.folders(in: folder.url)
    #expect(folders.map(\.lastPathComponent) == ["a", "b"])
    #expect(
      RunRecord(folder: folders[0], name: "a").problems == [
        "run.json is not what this version writes", "is not finished",
        "line 2 of metrics.jsonl is damaged and left out",
      ])
    #expect(RunRecord(folder: folders[1], name: "b").problems.contains("has no metrics.jsonl"))
  }

  /// 10 s of the teacher for 2,000 tokens are 5 s for the 1,000 of each student.
  @Test func theTeacherAtEveryStepIsEstimatedFromItsPass() throws {
    let folder = try TemporaryFolder()
    let runs = try [("a", 4.0), ("b", 6.0)].map {
      try run($0.0, seconds: $0.1, source: cached, in: folder)
    }
    let cost = try #require(CostComparison(runs, pass: pass))
    #expect(cost.students == 2 && cost.measuredOn == nil)
    #expect(cost.cachedSeconds == 20)
    #expect(cost.onlineSeconds == 20)
    #expect(cost.breakEven == 2)
  }

  @Test func aRunWithItsTeacherInMemoryIsTheMeasure() throws {
    let folder = try TemporaryFolder()
    let runs = [
      try run("a", seconds: 4, source: cached, in: folder),
      try run("o", seconds: 12, source: ["targets": "online teacher"], in: folder),
    ]
    let cost = try #require(CostComparison(runs, pass: pass))
    #expect(cost.students == 1 && cost.measuredOn == "o")
    #expect(abs(cost.onlineTeacherSeconds - 8) < 1e-9)
  }

  /// 1, 2 and 3 have the mean 2 and the deviation 1.
  @Test func runsOfOtherSeedsAloneAreAGroup() throws {
    let folder = try TemporaryFolder()
    var runs = try ["a", "b", "c", "d"].map { try run($0, seconds: 1, source: cached, in: folder) }
    for (index, loss) in [1.0, 2, 3, 9].enumerated() {
      runs[index].fields["configuration.seed"] = "\(index)"
      runs[index].fields["initialParameters"] = "\(index)"
      var figures = ModelFigures(name: "")
      (figures.loss, figures.accuracy) = (loss, loss / 10)
      runs[index].figures = figures
    }
    runs[3].fields["configuration.temperature"] = "4"
    let groups = SeedGroup.groups(of: runs)
    #expect(groups.map { $0.runs.map(\.name) } == [["a", "b", "c"]])
    #expect(groups[0].loss == SeedGroup.Spread([1, 2, 3]))
    #expect(groups[0].loss.mean == 2 && groups[0].loss.deviation == 1)
  }

  @Test func runsOfAnotherCacheAreNotCounted() throws {
    let folder = try TemporaryFolder()
    let other = try run(
      "a", seconds: 4, source: ["targets": "cache", "cache fingerprint": "g"], in: folder)
    #expect(CostComparison([other], pass: pass) == nil)
  }
}
