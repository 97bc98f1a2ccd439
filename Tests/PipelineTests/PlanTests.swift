import Foundation
import Testing

/// `pipeline plan`: what caches would cost, before the teacher's pass.
struct PlanTests {
  private let work: Workspace

  init() throws { work = try Workspace.shared() }

  private struct Plan: Decodable {
    struct Entry: Decodable {
      let target: String
      let bytesPerPosition: Double
      let totalBytes: Int
      let angleAt1: Double
      let angleAt2: Double
      let breakEvenExperiments: Int?
    }

    let positions: Int
    let auditedRows: Int
    let recommended: String?
    let entries: [Entry]
  }

  private func arguments(_ options: [String]) -> [String] {
    ["plan", "--teacher", work.teacher, "--corpus", work.corpus, "--threads", "1"]
      + ["--heads", "4", "16", "--ranks", "8", "64", "--rows", "16"] + options
  }

  private func plan(_ options: [String] = []) throws -> Plan {
    let outcome = try Pipeline.succeed(arguments(options + ["--json"]))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Plan.self, from: Data(outcome.output.utf8))
  }

  @Test func theGridIsMeasuredAndMoreBytesLoseLess() throws {
    let plan = try plan()
    // The teacher's hidden size is 32, so rank 64 is left out.
    #expect(
      plan.entries.map(\.target) == [
        "head 4, bucket", "head 4, rank 8", "head 16, bucket", "head 16, rank 8", "hidden int8",
      ])
    #expect(plan.auditedRows == 16)
    #expect(plan.recommended == nil)
    let byTarget = Dictionary(uniqueKeysWithValues: plan.entries.map { ($0.target, $0) })
    let small = try #require(byTarget["head 4, bucket"])
    let large = try #require(byTarget["head 16, bucket"])
    let exact = try #require(byTarget["hidden int8"])
    #expect(small.totalBytes < large.totalBytes)
    #expect(small.bytesPerPosition < large.bytesPerPosition)
    #expect(small.angleAt1 > large.angleAt1 && small.angleAt2 > large.angleAt2)
    for other in plan.entries where other.target != exact.target {
      #expect(exact.angleAt2 < other.angleAt2, "\(other.target)")
    }
    for entry in plan.entries { #expect((entry.breakEvenExperiments ?? 1) >= 1) }
  }

  @Test func theEstimateIsNearTheCacheThatIsMade() throws {
    let scratch = try ScratchFolder()
    let cache = scratch.path("cache")
    let options = ["--head", "16", "--tail", "scalars", "--states", "none"]
    try Pipeline.succeed(work.cacheTeacher(output: cache, options))
    let manifest = try JSONSerialization.jsonObject(
      with: Data(contentsOf: URL(filePath: "\(cache)/manifest.json")))
    let shards = try #require((manifest as? [String: Any])?["shards"] as? [[String: Any]])
    let rows = shards.compactMap { $0["rows"] as? Int }.reduce(0, +)
    let files = try FileManager.default.contentsOfDirectory(atPath: cache)
      .filter { $0.hasPrefix("shard-") || $0.hasPrefix("tables") }
    let bytes = try files.reduce(0) { sum, name in
      let values = try FileManager.default.attributesOfItem(atPath: "\(cache)/\(name)")
      return sum + (values[.size] as? Int ?? 0)
    }
    let plan = try plan(["--states", "none"])
    // One block stands for all: the masks choose a few positions more or less in each.
    #expect(abs(Double(plan.positions) / Double(rows) - 1) < 0.1)
    let entry = try #require(plan.entries.first { $0.target == "head 16, bucket" })
    // Shards of the tests are small, so SQLite's pages are a larger share than in the estimate.
    let ratio = Double(entry.totalBytes) / Double(bytes)
    #expect(ratio > 0.4 && ratio < 1.2, "\(entry.totalBytes) estimated, \(bytes) made")
  }

  @Test func theBudgetPicksTheMostFaithfulThatFitsAndPrintsItsCommand() throws {
    let all = try plan(["--states", "none"]).entries
    let hidden = try #require(all.first { $0.target == "hidden int8" })
    let rest = all.filter { $0.target != hidden.target }
    let most = try #require(rest.map(\.totalBytes).max())
    // Room for all: the exact one. Room for all but the largest: another.
    #expect(try plan(["--states", "none", "--budget", "1GB"]).recommended == hidden.target)
    let budget = max(most, hidden.totalBytes) - 1
    let fitting = all.filter { $0.totalBytes <= budget }
      .min { $0.angleAt1 + $0.angleAt2 < $1.angleAt1 + $1.angleAt2 }
    let chosen = try plan(["--states", "none", "--budget", "\(budget)"]).recommended
    #expect(chosen != nil && chosen == fitting?.target)

    let options = ["--states", "none", "--budget", "1 GB", "--replicas", "2", "--mask-seed", "7"]
    let said = try Pipeline.succeed(arguments(options)).output
    #expect(said.contains("bytes/position") && said.contains("hidden int8 *"))
    let command = try #require(
      said.split(separator: "\n").map(String.init).first { $0.contains("cache-teacher") })
    for option in ["--tail hidden --head 0", "--states none", "--mask-seed 7", "--replicas 2"] {
      #expect(command.contains(option), "\(command)")
    }
    // The command works as it is printed.
    let scratch = try ScratchFolder()
    var words = command.split(separator: " ").map(String.init)
    #expect(words.removeFirst() == "pipeline")
    let place = try #require(words.firstIndex(of: "--output")) + 1
    words[place] = scratch.path("cache")
    try Pipeline.succeed(words + ["--threads", "1"])
  }

  @Test func aBudgetThatNothingFitsSaysHowToMendIt() throws {
    let outcome = try Pipeline.run(arguments(["--replicas", "2", "--budget", "1kB"]))
    #expect(outcome.ending == .exited(1), "\(outcome.summary)")
    #expect(outcome.output.contains("head 4, bucket"))
    for text in [
      "no target fits 1.00 kB", "head 4, bucket, takes", "--budget", "--replicas", "--states none",
    ] {
      #expect(outcome.errors.contains(text), "\(outcome.summary)")
    }
  }

  @Test func numbersThatAreNoneAreRefused() throws {
    for options in [
      ["--budget", "much"], ["--budget", "0"], ["--epochs", "0"], ["--heads", "0"],
      ["--positions", "masked+share"], ["--rows", "0"],
    ] {
      let outcome = try Pipeline.run(
        ["plan", "--teacher", work.teacher, "--corpus", work.corpus] + options)
      #expect(outcome.ending == .exited(64), "\(outcome.summary)")
    }
  }
}
