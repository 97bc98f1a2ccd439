import Foundation
import Testing

/// A store of caches: what is there is reused, resumed or extended.
struct StoreTests {
  private let work: Workspace
  private let scratch: ScratchFolder

  init() throws {
    work = try Workspace.shared()
    scratch = try ScratchFolder()
  }

  private var store: String { scratch.path("store") }

  private func cacheTeacher(corpus: String, _ options: [String] = []) throws -> String {
    try Pipeline.succeed(
      ["cache-teacher", "--teacher", work.teacher, "--corpus", corpus, "--store", store]
        + ["--threads", "1"] + options
    ).errors
  }

  private func caches() -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: store)) ?? []).sorted()
  }

  /// The inodes of a cache's shards, by name.
  private func inodes(_ cache: String) throws -> [String: Int] {
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(store)/\(cache)")
    return try names.filter { $0.hasPrefix("shard-") }.reduce(into: [:]) { inodes, name in
      let values = try FileManager.default.attributesOfItem(atPath: "\(store)/\(cache)/\(name)")
      inodes[name] = values[.systemFileNumber] as? Int
    }
  }

  @Test func moreReplicasTakeWhatIsThereAndTheBytesAreThoseOfACacheByItself() throws {
    _ = try cacheTeacher(corpus: work.corpus)
    let one = try #require(caches().first)
    let said = try cacheTeacher(corpus: work.corpus, ["--replicas", "2"])
    let two = try #require(caches().first { $0 != one })
    let (before, after) = (try inodes(one), try inodes(two))
    #expect(said.contains("\(before.count) of \(after.count) shards taken from"))
    #expect(after.count == 2 * before.count)
    for (name, inode) in before { #expect(after[name] == inode, "\(name)") }
    let alone = scratch.path("alone")
    try Pipeline.succeed(work.cacheTeacher(output: alone, ["--replicas", "2"]))
    let differences = try FolderContents("\(store)/\(two)").differences(from: FolderContents(alone))
    {
      $0.hasPrefix("timing-")
    }
    #expect(differences == [])
    // Again: nothing is done. And one is taken whole from two.
    #expect(try cacheTeacher(corpus: work.corpus, ["--replicas", "2"]).contains("was reused"))
    try FileManager.default.removeItem(atPath: "\(store)/\(one)")
    let again = try cacheTeacher(corpus: work.corpus)
    #expect(again.contains("\(before.count) of \(before.count) shards taken from"))
    #expect(!again.contains("positions/s") && !again.contains("estimate"))
    #expect(caches() == [one, two].sorted())

    let student = scratch.path("student")
    let train = { (name: String) in
      work.trainStudent(output: student, ["--from-cache", name, "--store", store])
    }
    try Pipeline.succeed(train(String(one.prefix(10))))
    #expect(
      try FolderContents(student).files["model.safetensors"]
        == FolderContents(work.student).files["model.safetensors"])
    try Pipeline.expectFailure(train("no-such"), saying: ["neither a folder nor a cache", store])
  }

  @Test func aGrownCorpusKeepsWhatItHas() throws {
    let more = try scratch.write("more.txt", SmallText.lines("heldout.txt.gz", count: 150).utf8)
    let grown = scratch.path("grown")
    var tokenize = Workspace.tokenize(work.text, vocabulary: work.vocabulary, output: grown)
    tokenize.insert(more, at: 2)
    try Pipeline.succeed(tokenize)
    _ = try cacheTeacher(corpus: work.corpus)
    let old = try #require(caches().first)
    let said = try cacheTeacher(corpus: grown)
    let new = try #require(caches().first { $0 != old })
    let (before, after) = (try inodes(old), try inodes(new))
    // The last shard of the old corpus was filled up.
    #expect(said.contains("\(before.count - 1) of \(after.count) shards taken from"), "\(said)")
    #expect(after.count > before.count)
    #expect(after.filter { before[$0.key] == $0.value }.count == before.count - 1)
    #expect(try cacheTeacher(corpus: grown).contains("was reused"))
    let student = scratch.path("student")
    try Pipeline.succeed(
      work.trainStudent(
        output: student, ["--from-cache", "\(store)/\(new)", "--corpus", grown]))

    // The same without a store, by name.
    let output = scratch.path("extended")
    let extend = ["cache-teacher", "--teacher", work.teacher, "--corpus", grown, "--threads", "1"]
    let extended = try Pipeline.succeed(
      extend + ["--output", output, "--extend", "\(store)/\(old)"])
    #expect(extended.errors.contains("shards taken from \(store)/\(old)"))
    let differences = try FolderContents(output).differences(
      from: FolderContents("\(store)/\(new)")
    ) { $0.hasPrefix("timing-") }
    #expect(differences == [])
    // Without the option, the cache that is there is recognised all the same.
    #expect(try Pipeline.succeed(extend + ["--output", output]).errors.contains("was reused"))
  }

  @Test func aCacheThatSharesNothingIsNamedWithTheReason() throws {
    for (options, reason) in [
      (["--head", "8"], "target.headK"), (["--mask-seed", "9"], "mask.seed"),
    ] {
      let said = try Pipeline.succeed(
        work.cacheTeacher(
          output: scratch.path("\(reason)"), ["--extend", work.cache] + options)
      ).errors
      #expect(said.contains("has no shard of this cache: they differ in \(reason)"), "\(said)")
    }
  }
}
