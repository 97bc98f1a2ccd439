import Foundation
import TestSupport
import Testing
import Transformer

/// `pipeline cache export` of caches with two classes of positions, and of drawn targets.
struct CacheExportTests {
  private let work: Workspace
  private let scratch: ScratchFolder

  init() throws {
    work = try Workspace.shared()
    scratch = try ScratchFolder()
  }

  /// Makes a cache with these options, and exports it.
  private func export(_ options: [String], _ format: [String] = []) throws -> String {
    let (cache, folder) = (scratch.path("cache"), scratch.path("exported\(format.count)"))
    if !FileManager.default.fileExists(atPath: cache) {
      try Pipeline.succeed(work.cacheTeacher(output: cache, ["--quiet"] + options))
    }
    try Pipeline.succeed(["cache", "export", cache, folder] + format)
    return folder
  }

  private func tensors(_ folder: String) throws -> Safetensors {
    try Safetensors(url: URL(filePath: "\(folder)/targets-00000-00000.safetensors"))
  }

  private func lines(_ folder: String) throws -> [[String: Any]] {
    try String(contentsOfFile: "\(folder)/targets-00000-00000.jsonl", encoding: .utf8)
      .split(separator: "\n").map {
        try #require(
          try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
      }
  }

  @Test func bothClassesOfPositionsAreExported() throws {
    let options = ["--positions", "all", "--other-head", "4", "--other-tail", "scalars"]
    let file = try tensors(try export(options))
    let classes = try file.integers("classes")
    let others = classes.reduce(0, +)
    #expect(others > 0 && others < classes.count)
    #expect(file.shape(of: "rows") == [classes.count, 2])
    #expect(file.shape(of: "top_ids") == [classes.count - others, 16])
    #expect(file.shape(of: "tail_coefficients") == [classes.count - others, 32])
    #expect(file.shape(of: "other.top_ids") == [others, 4])
    #expect(file.shape(of: "other.tail_scalars") == [others, 5])
    #expect(file.shape(of: "states") == [classes.count, 32])

    var rows: [[Int]] = [[], []]
    var found: [Int] = []
    for line in try lines(try export(options, ["--format", "jsonl"])) {
      let own = try #require(line["classes"] as? [Int])
      found += own
      for (index, ids) in zip(own, try #require(line["top_ids"] as? [[Int]])) {
        rows[index] += ids
      }
      let scalars = try #require(line["tail_scalars"] as? [[Double]])
      #expect(scalars.map(\.count) == own.map { $0 * 5 })
    }
    #expect(found == classes)
    #expect(try rows[0] == file.integers("top_ids"))
    #expect(try rows[1] == file.integers("other.top_ids"))
  }

  @Test func drawnTokensAreExportedWithTheirProbabilities() throws {
    let options = ["--tail", "sampled"]
    let file = try tensors(try export(options))
    let counts = try file.integers("sampled_counts")
    let (ids, probabilities) = (
      try file.integers("sampled_ids"), try file.floats("sampled_probabilities")
    )
    #expect(file.shape(of: "rows")?.first == counts.count)
    #expect(ids.count == counts.reduce(0, +) && probabilities.count == ids.count)
    var start = 0
    for count in counts {
      let sum = probabilities[start..<start + count].reduce(0) { $0 + Double($1) }
      // Single precision.
      #expect(abs(sum - 1) < 1e-5)
      start += count
    }
    let drawn = try lines(try export(options, ["--format", "jsonl"])).flatMap {
      try #require($0["sampled_ids"] as? [[Int]]).joined()
    }
    #expect(drawn == ids)
  }

  @Test func inputsAskForTheRowsThatATeacherPassKeeps() throws {
    let share = ["--positions", "masked+share", "--other-share", "0.25"]
    let inputs = scratch.path("inputs")
    try Pipeline.succeed(["cache", "inputs", work.corpus, inputs] + share)
    let asked = try Safetensors(
      url: URL(filePath: "\(inputs)/inputs-00000-00000.safetensors"))
    let kept = try tensors(try export(share))
    #expect(try asked.integers("rows") == kept.integers("rows"))
    let alone = try Pipeline.run(
      ["cache", "inputs", work.corpus, scratch.path("x"), "--positions", "masked+share"])
    #expect(alone.ending == .exited(64))
  }
}
