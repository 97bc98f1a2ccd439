import Foundation
import Kernels
import TestSupport
import Testing

/// `pipeline cache`: looking at caches, checking them, and mending them.
struct CacheCommandTests {
  private func teacherAndCorpus(_ work: Workspace) -> [String] {
    ["--teacher", work.teacher, "--corpus", work.corpus, "--threads", "1"]
  }

  @Test func lsListsTheCachesOfAFolder() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let store = scratch.path("store")
    try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: true)
    _ = try scratch.copy(work.cache, as: "store/one")
    _ = try scratch.copy(work.corpus, as: "store/corpus")
    try Pipeline.succeed(["cache", "pin", "\(store)/one"])
    let outcome = try Pipeline.succeed(["cache", "ls", store])
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.count == 3)
    for text in ["one ", "bert 2×32", "head 16 + lowrank 32, states int8", "6/6", "yes"] {
      #expect(lines.last?.contains(text) == true, "\(outcome.summary)")
    }
    #expect(try Pipeline.succeed(["cache", "ls", "--store", store]).output == outcome.output)
    let variable = try ChildProcess.run(
      "env", ["PIPELINE_STORE=\(store)", Pipeline.executable, "cache", "ls"])
    #expect(variable.output == outcome.output)
    try Pipeline.expectFailure(
      ["cache", "ls", scratch.path("nothing")], saying: ["no such folder"])
    let nowhere = try ChildProcess.run(
      "env", ["-u", "PIPELINE_STORE", Pipeline.executable, "cache", "ls"])
    #expect(nowhere.ending == .exited(64) && nowhere.errors.contains("PIPELINE_STORE"))
  }

  @Test func showSaysWhatTheManifestSaysWithAPictureOfTheStreams() throws {
    let work = try Workspace.shared()
    let outcome = try Pipeline.succeed(["cache", "show", work.cache])
    for text in [
      "6 of 6 shards", "bert, 2 layers of 32, run in \(Precision.preferred)",
      "those that the mask chose",
      "head.ids  █", "experiments",
    ] {
      #expect(outcome.output.contains(text), "'\(text)' is not in: \(outcome.summary)")
    }
    let json = try Pipeline.succeed(["cache", "show", work.cache, "--json"]).output
    let values = try #require(
      try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    let manifest = try #require(values["manifest"] as? [String: Any])
    #expect(outcome.output.contains(try #require(manifest["fingerprint"] as? String)))
    let streams = try #require(values["streams"] as? [String: [String: Any]])
    let positions = try #require(values["positions"] as? Int)
    // 32 numbers of 8 bits.
    #expect(streams["states"]?["raw"] as? Int == 32 * positions)
    for (path, reason) in [
      (work.corpus, "it is a tokenized corpus"), (work.text, "it is a file, not a folder"),
      (work.corpus + "/no-such", "there is no such folder"), ("/", "manifest.json is missing"),
    ] {
      try Pipeline.expectFailure(["cache", "show", path], saying: [reason])
    }
    try Pipeline.expectFailure(
      ["corpus", "show", work.cache], saying: ["it is that of a logit cache"])
    try Pipeline.expectFailure(["cache", "ls", work.text], saying: ["it is a file, not a folder"])
    try Pipeline.expectFailure(
      [
        "cache", "import", work.text, "--corpus", work.corpus, "--output", work.cache + "-imported",
      ],
      saying: ["it is a file, not a folder"])
  }

  @Test func verifyNamesEveryDamagedStreamAndRepairMendsThem() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let cache = try scratch.copy(work.cache, as: "cache")
    let sound = try FolderContents(cache)
    #expect(try Pipeline.succeed(["cache", "verify", cache]).output.contains("sound"))
    #expect(
      try Pipeline.succeed(["cache", "repair", cache] + teacherAndCorpus(work))
        .output.contains("nothing to repair"))

    try Damage.flip(shard: "\(cache)/shard-00001.sqlite", block: 2, stream: "head.ids")
    try Damage.flip(shard: "\(cache)/shard-00001.sqlite", block: 0, stream: "states")
    try Damage.flip(shard: "\(cache)/tables.sqlite", block: -1, stream: "codes")
    try FileManager.default.removeItem(atPath: "\(cache)/shard-00004.sqlite")
    try Pipeline.expectFailure(
      ["cache", "verify", cache],
      saying: [
        "4 places", "tables, shard level, stream 'codes'",
        "shard-00001, block 2, stream 'head.ids'",
        "shard-00001, block 0, stream 'states'",
        "shard-00004: the file is missing", "pipeline cache repair",
      ])
    let outcome = try Pipeline.succeed(["cache", "repair", cache] + teacherAndCorpus(work))
    #expect(outcome.output.contains("shard-00001: blocks 0, 2 computed anew"), "\(outcome.summary)")
    #expect(outcome.output.contains("tables: made anew"), "\(outcome.summary)")
    #expect(outcome.output.contains("shard-00004: computed whole"), "\(outcome.summary)")
    #expect(try FolderContents(cache).differences(from: sound) == [])
  }

  @Test func repairWithAnotherTeacherReplacesNothing() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let cache = try scratch.copy(work.cache, as: "cache")
    try Damage.flip(shard: "\(cache)/shard-00000.sqlite", block: 1, stream: "tail.scalars")
    let damaged = try FolderContents(cache)
    try Pipeline.expectFailure(
      ["cache", "repair", cache, "--teacher", work.student, "--corpus", work.corpus],
      saying: [
        "teacher.weightDigest", "teacher.architecture: given \"distilbert\", in the cache \"bert\"",
      ])
    try Pipeline.expectFailure(
      ["cache", "repair", cache, "--teacher", work.teacher, "--corpus", work.heldOut],
      saying: ["corpusDigest"])
    #expect(try FolderContents(cache).differences(from: damaged) == [])
  }

  @Test func theTeacherGivesTheCachedBytesAgain() throws {
    let work = try Workspace.shared()
    let command = ["cache", "verify", work.cache] + teacherAndCorpus(work)
    let outcome = try Pipeline.succeed(command + ["--live", "5"])
    #expect(
      outcome.output.contains("live: 5 of 5 blocks have the same bytes"), "\(outcome.summary)")
    #expect(!outcome.output.contains("written with"))
    let usage = try Pipeline.run(["cache", "verify", work.cache, "--live", "5"])
    #expect(usage.ending == .exited(64) && usage.errors.contains("--live needs"))
    #expect(try Pipeline.run(command + ["--live", "0"]).ending == .exited(64))
  }

  @Test(arguments: Precision.allCases)
  func aCacheThatWasBegunKeepsItsPrecision(precision: Precision) throws {
    let work = try Workspace.shared()
    let cache = try ScratchFolder().path("cache")
    try Pipeline.succeed(work.cacheTeacher(output: cache, ["--precision", precision.rawValue]))
    let again = try Pipeline.succeed(work.cacheTeacher(output: cache))
    #expect(again.errors.contains("is complete and was reused"), "\(again.summary)")
    let other = precision == .fp32 ? Precision.bf16 : .fp32
    try Pipeline.expectFailure(
      work.cacheTeacher(output: cache, ["--precision", other.rawValue]), saying: ["precision"])
  }

  #if arch(x86_64)
    @Test func otherKernelsThatWroteACacheAreNamed() throws {
      let work = try Workspace.shared()
      let scratch = try ScratchFolder()
      let cache = scratch.path("cache")
      let written = try ChildProcess.run(
        "env",
        ["ONEDNN_MAX_CPU_ISA=AVX2", "OPENBLAS_CORETYPE=Prescott", Pipeline.executable]
          + work.cacheTeacher(output: cache))
      try #require(written.ending == .exited(0), "\(written.summary)")
      let outcome = try Pipeline.succeed(
        ["cache", "verify", cache, "--live", "8"] + teacherAndCorpus(work))
      #expect(outcome.output.contains("written with OpenBLAS Prescott"), "\(outcome.summary)")
    }
  #endif

  /// All 32 directions of the teacher are kept, so what is lost is quantisation.
  @Test func fidelityOfAFullRankIsThatOfItsQuantisation() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let json = scratch.path("fidelity.json")
    try Pipeline.succeed(
      ["cache", "fidelity", work.cache, "--json", json, "--whole-only", "--quiet"])
    let reports = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: json)))
    let report = try #require((reports as? [[String: Any]])?.first)
    let entries = try #require(report["entries"] as? [[String: Any]])
    #expect(entries.count == 3)
    for entry in entries {
      let divergence = try #require(entry["divergence"] as? Double)
      // Steps of 1/16 of a logit are worth about 1/6000 nat.
      #expect(divergence >= 0 && divergence < 0.002, "\(entry)")
      #expect(try #require(entry["worstTailMassError"] as? Double) < 0.01, "\(entry)")
    }
  }

  @Test func cachesAreFoundInAStoreByNameAndFingerprint() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let store = scratch.path("store")
    try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: true)
    _ = try scratch.copy(work.cache, as: "store/one")
    let manifest = try JSONSerialization.jsonObject(
      with: Data(contentsOf: URL(filePath: "\(work.cache)/manifest.json")))
    let fingerprint = try #require((manifest as? [String: Any])?["fingerprint"] as? String)
    let start = String(fingerprint.prefix(10))
    let option = ["--store", store]
    #expect(
      try Pipeline.succeed(["cache", "verify", "one"] + option).output.contains("one: sound"))
    try Pipeline.succeed(["cache", "pin", start] + option)
    #expect(
      try Pipeline.succeed(["cache", "show", start] + option).output.contains("experiments"))
    #expect(FileManager.default.fileExists(atPath: "\(store)/one/pinned"))
    #expect(
      try Pipeline.succeed(["cache", "diff", "one", start] + option).output
        .contains("nothing differs"))
    try Pipeline.succeed(
      ["cache", "subset", start, scratch.path("part"), "--head", "4"] + option)
    try Pipeline.succeed(["cache", "export", "one", scratch.path("exported")] + option)
    try Pipeline.expectFailure(
      ["cache", "show", "two"] + option, saying: ["'two' is neither a folder nor a cache"])
  }
}
