import Foundation
import Testing

/// A shard that goes, or is cut, while a student trains on it: the run ends with a message, or does
/// not need it any more; with the shard back the same command ends as if nothing had been.
struct ChangedCacheTests {
  enum Change: String, CaseIterable { case deleted, cut, overwritten }

  private func change(_ shard: URL, _ change: Change) throws {
    switch change {
    case .deleted: try FileManager.default.removeItem(at: shard)
    case .cut:
      let handle = try FileHandle(forWritingTo: shard)
      try handle.truncate(atOffset: 3072)
      try handle.close()
    case .overwritten:
      let size = try Data(contentsOf: shard).count
      let handle = try FileHandle(forWritingTo: shard)
      try handle.write(contentsOf: Data(repeating: 0x5A, count: size))
      try handle.close()
    }
  }

  @Test(arguments: Change.allCases, ["run.json", "step-0000004/state.json"])
  func theRunSaysWhichAndGoesOnWithItBack(kind: Change, moment: String) throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let cache = try scratch.copy(work.cache, as: "cache")
    let student = scratch.path("student")
    let shards = (0..<6).map { URL(filePath: "\(cache)/shard-0000\($0).sqlite") }
    let sound = try shards.map { try Data(contentsOf: $0) }
    let command = work.trainStudent(
      output: student, ["--from-cache", cache, "--checkpoint-every", "4"])
    var isChanged = false
    let outcome = try Pipeline.run(command) {
      let names = FileManager.default.enumerator(atPath: student)?.compactMap { $0 as? String }
      if !isChanged, names?.contains(where: { $0.hasSuffix(moment) }) == true {
        isChanged = true
        for shard in shards { try? change(shard, kind) }
      }
      return false
    }
    if outcome.ending != .exited(0) {
      #expect(outcome.ending == .exited(1), "\(outcome.summary)")
      #expect(outcome.errors.contains("shard-0000"), "\(outcome.summary)")
      let advice = ["Copy", "Delete", "Check the", "run the same command"]
      #expect(advice.contains(where: outcome.errors.contains), "\(outcome.summary)")
    }
    for (shard, bytes) in zip(shards, sound) { try bytes.write(to: shard) }
    try Pipeline.succeed(command)
    #expect(
      try FolderContents(student).files["model.safetensors"]
        == FolderContents(work.student).files["model.safetensors"])
  }
}
