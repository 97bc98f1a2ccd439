import Foundation
import TestSupport
import Testing

/// `pipeline cache`: what several folders, experiments and processes share.
struct CacheSharingCommandTests {
  @Test func shardsOfTwoWorkersAreMerged() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let parts = [scratch.path("node-0"), scratch.path("node-1")]
    for (worker, part) in parts.enumerated() {
      try Pipeline.succeed(
        work.cacheTeacher(output: part, ["--worker", "\(worker)", "--workers", "2"]))
    }
    let merged = scratch.path("merged")
    let differ = try Pipeline.run(["cache", "diff", parts[0], work.cache])
    #expect(differ.ending == .exited(1))
    #expect(differ.output.contains("shard-00001: only in the second"), "\(differ.summary)")
    let part = try Pipeline.succeed(["cache", "show", parts[0]]).output
    #expect(part.contains("3 of 6 shards, not complete"), "\(part)")
    #expect(try Pipeline.succeed(["cache", "ls", parts[0]]).output.contains("3/6"))
    #expect(
      try Pipeline.succeed(["cache", "verify", parts[0]]).output.contains("3 of 6 shards"))
    let outcome = try Pipeline.succeed(["cache", "merge", merged] + parts)
    #expect(outcome.output.contains("6 shards taken"), "\(outcome.summary)")
    #expect(outcome.output.contains("complete"))
    #expect(
      try FolderContents(merged).differences(from: FolderContents(work.cache)) {
        $0.hasPrefix("timing-")
      } == [])
    let same = try Pipeline.succeed(["cache", "diff", merged, work.cache])
    #expect(same.output.contains("nothing differs: 6 shards are equal"))
  }

  @Test func diffAndMergeNameTheFieldsOfAnotherCache() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let other = scratch.path("other")
    try Pipeline.succeed(work.cacheTeacher(output: other, ["--head", "8", "--quiet"]))
    let outcome = try Pipeline.run(["cache", "diff", work.cache, other])
    #expect(outcome.ending == .exited(1))
    #expect(outcome.output.contains("target.headK: 16, then 8"), "\(outcome.summary)")
    #expect(outcome.output.contains("shard-00000: head.ids in "), "\(outcome.summary)")
    try Pipeline.expectFailure(
      ["cache", "merge", other, work.cache], saying: ["target.headK: expected 16, found 8"])
  }

  @Test func aStudentTrainsOnAPartOfACache() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let (whole, part) = (scratch.path("whole"), scratch.path("part"))
    try Pipeline.succeed(work.cacheTeacher(output: whole, ["--replicas", "3"]))
    let outcome = try Pipeline.succeed(
      ["cache", "subset", whole, part, "--replicas", "0,2", "--shards", "1-3", "--head", "8"]
        + ["--rank", "12", "--no-audit"])
    #expect(outcome.output.contains("fingerprint"))
    let shown = try Pipeline.succeed(["cache", "show", part]).output
    for text in [
      "part of", "0, 2", "1, 2, 3", "head 8 + lowrank 12", "cut from 16", "cut from 32",
      "6 of 6 shards",
    ] {
      #expect(shown.contains(text), "'\(text)' is not in: \(shown)")
    }
    #expect(try Pipeline.succeed(["cache", "verify", part]).output.contains("sound"))
    // Over a whole epoch of each replica: every checksum of the corrupted input is compared.
    try Pipeline.succeed(
      work.trainStudent(output: scratch.path("student"), ["--from-cache", part, "--epochs", "2"])
        .filter { $0 != "--steps" && $0 != "12" })
    try Pipeline.expectFailure(
      ["cache", "subset", whole, scratch.path("x"), "--replicas", "3"], saying: ["replicas 3"])
    try Damage.flip(shard: "\(part)/shard-00000.sqlite", block: 0, stream: "head.ids")
    try Pipeline.expectFailure(
      ["cache", "repair", part, "--teacher", work.teacher, "--corpus", work.corpus],
      saying: ["part of another cache"])
  }

  @Test func experimentsLeaveAReferenceAndGcKeepsTheirCache() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let store = scratch.path("store")
    try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: true)
    for name in ["used", "pinned", "free"] {
      _ = try scratch.copy(work.cache, as: "store/\(name)")
    }
    let student = scratch.path("student")
    let train = work.trainStudent(output: student, ["--from-cache", "\(store)/used"])
    try Pipeline.succeed(train)
    let references = try FolderContents("\(store)/used/references")
    #expect(references.names.count == 1)
    try Pipeline.succeed(train)
    #expect(
      try FolderContents("\(store)/used/references").differences(from: references) == [])
    try Pipeline.succeed(["cache", "pin", "\(store)/pinned"])

    let asked = try Pipeline.succeed(["cache", "gc", store])
    #expect(asked.output.contains("keep    used: used by \(student)"), "\(asked.summary)")
    #expect(asked.output.contains("keep    pinned: pinned"))
    #expect(asked.output.contains("delete  free: "))
    #expect(asked.output.contains("nothing was deleted"))
    #expect(asked.errors.contains("--yes"))
    #expect(FileManager.default.fileExists(atPath: "\(store)/free/manifest.json"))

    let done = try Pipeline.succeed(["cache", "gc", store, "--yes"])
    #expect(done.output.contains("deleted "))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: store).sorted() == ["pinned", "used"])
    try FileManager.default.removeItem(atPath: student)
    try Pipeline.succeed(["cache", "pin", "\(store)/pinned", "--unpin"])
    try Pipeline.succeed(["cache", "gc", store, "--yes"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: store) == [])
    #expect(try Pipeline.succeed(["cache", "gc", store]).output == "nothing to delete\n")
  }

  @Test(arguments: [
    ("yes\n", true), (" Y \n", true), ("no\n", false), ("\n", false), ("yes, please\n", false),
    (PseudoTerminal.endOfInput, false),
  ])
  func gcDeletesWhereAPersonSaysYesAndKeepsOtherwise(_ keys: String, _ deletes: Bool) throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let cache = try scratch.copy(work.cache, as: "store/free")
    let terminal = try PseudoTerminal()
    terminal.type(keys)
    let outcome = try ChildProcess.run(
      Pipeline.executable, ["cache", "gc", scratch.path("store")], terminal: terminal)
    #expect(outcome.ending == .exited(0), "\(outcome.summary)")
    #expect(outcome.errors.contains("Delete what is listed, "), "\(outcome.summary)")
    #expect(
      outcome.output.contains(deletes ? "deleted " : "nothing was deleted"), "\(outcome.summary)")
    #expect(FileManager.default.fileExists(atPath: cache) != deletes)
  }

  @Test func gcKeepsWhatARunOfAnotherMachineUses() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let cache = try scratch.copy(work.cache, as: "store/cache")
    try FileManager.default.createDirectory(
      atPath: "\(cache)/references", withIntermediateDirectories: true)
    let reference = """
      {"run": "/scratch/run-1", "runFromCache": "../../run-1", "date": "2026-11-20T08:00:00Z", \
      "host": "node-7"}
      """
    _ = try scratch.write("store/cache/references/1.json", reference.utf8)
    let gc = ["cache", "gc", scratch.path("store"), "--yes"]
    let kept = try Pipeline.succeed(gc)
    #expect(
      kept.output.contains("keep    cache: used by /scratch/run-1 on node-7"), "\(kept.summary)")
    #expect(kept.output.contains("--ignore-other-hosts"))
    #expect(
      try Pipeline.succeed(["cache", "show", cache]).output.contains("not seen here, run on node-7")
    )
    let deleted = try Pipeline.succeed(gc + ["--ignore-other-hosts"])
    #expect(deleted.output.contains("1 experiment of other machines"), "\(deleted.summary)")
    #expect(!FileManager.default.fileExists(atPath: cache))
  }

  @Test func everyCacheOfAnEnsembleGetsAReference() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let caches = try ["a", "b"].map { try scratch.copy(work.cache, as: $0) }
    let student = scratch.path("student")
    try Pipeline.succeed(
      work.trainStudent(output: student, caches.flatMap { ["--from-cache", $0] }))
    for cache in caches {
      #expect(try FolderContents("\(cache)/references").names.count == 1)
      #expect(
        try Pipeline.succeed(["cache", "show", cache]).output.contains(student))
    }
  }

  @Test func gcDoesNotTakeACacheForAStore() throws {
    let work = try Workspace.shared()
    try Pipeline.expectFailure(["cache", "gc", work.cache], saying: ["it is a cache itself"])
    #expect(FileManager.default.fileExists(atPath: "\(work.cache)/manifest.json"))
  }

  /// Also with the rights of root, which a folder's mode does not stop.
  @Test func aCacheThatTakesNoReferenceIsNoError() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let cache = try scratch.copy(work.cache, as: "cache")
    _ = try scratch.write("cache/references", "a file, not a folder".utf8)
    let outcome = try Pipeline.succeed(
      work.trainStudent(output: scratch.path("student"), ["--from-cache", cache]))
    #expect(outcome.errors.contains("takes no reference"), "\(outcome.summary)")
  }
}
