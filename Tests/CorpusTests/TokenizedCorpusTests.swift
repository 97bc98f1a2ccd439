import Corpus
import Foundation
import ShardStore
import TestSupport
import Testing

/// Damage of every kind is reported and never trusted.
@Suite struct TokenizedCorpusTests {
  private func corpus(_ scratch: TemporaryFolder, lines: Int = 300) throws -> URL {
    let text = (0..<lines).map { number in
      TemporaryFolder.letters((0...number % 20).map { $0 * 7 + number })
    }
    let input = try scratch.write("t.txt", text.joined(separator: "\n"))
    let folder = scratch.url.appending(path: "corpus")
    _ = try CorpusBuilder(
      tokenizer: scratch.letterTokenizer(), options: CorpusOptions(maxLength: 16)
    ).build(inputs: [input], into: folder)
    return folder
  }

  private func blocks(_ folder: URL) throws -> [SequenceBlock] {
    let corpus = try TokenizedCorpus.open(folder: folder)
    try corpus.verify()
    return try (0..<corpus.blockCount).map { try corpus.block($0) }
  }

  @Test func aFlippedByteOfAShardIsNeverReadAsData() throws {
    let scratch = try TemporaryFolder()
    let folder = try corpus(scratch)
    let expected = try blocks(folder)
    let shard = folder.appending(path: "shard-00000.sqlite")
    let bytes = try Data(contentsOf: shard)
    var caught = 0
    for step in 0..<80 {
      let offset = CounterRandom.below(bytes.count, CounterRandom.mix(UInt64(step)))
      var damaged = bytes
      damaged[offset] ^= UInt8(1 << (step % 8))
      try damaged.write(to: shard)
      do {
        // Bytes that SQLite leaves unused may change without a change of content.
        #expect(try blocks(folder) == expected, "byte \(offset)")
      } catch let error as ShardStoreError {
        #expect("\(error)".contains("shard-00000"))
        caught += 1
      } catch let error as CorpusError {
        #expect("\(error)".contains("shard-00000"))
        caught += 1
      }
    }
    #expect(caught > 10)
    try bytes.write(to: shard)
    #expect(try blocks(folder) == expected)
  }

  @Test func aFlippedByteOfAnIDStreamNamesShardBlockAndStream() throws {
    let scratch = try TemporaryFolder()
    let folder = try corpus(scratch)
    let shard = folder.appending(path: "shard-00000.sqlite")
    let bytes = try Data(contentsOf: shard)
    var named = false
    // The last page before the end belongs to a payload; walk until a stream's bytes are hit.
    for offset in stride(from: bytes.count - 1, to: 0, by: -512) where !named {
      var damaged = bytes
      damaged[offset] ^= 0x10
      try damaged.write(to: shard)
      do {
        _ = try blocks(folder)
      } catch ShardStoreError.damagedStream(let name, let block, let stream, _, _, _) {
        named = name == "shard-00000" && block >= -1 && !stream.isEmpty
      } catch {
        continue
      }
    }
    #expect(named)
  }

  @Test func missingAndTruncatedShardsAreNamed() throws {
    let scratch = try TemporaryFolder()
    let folder = try corpus(scratch)
    let shard = folder.appending(path: "shard-00000.sqlite")
    let bytes = try Data(contentsOf: shard)
    try bytes.dropLast(4_096).write(to: shard)
    #expect(throws: ShardStoreError.self) { try blocks(folder) }
    try FileManager.default.removeItem(at: shard)
    let error = #expect(throws: CorpusError.self) { try TokenizedCorpus.open(folder: folder) }
    #expect("\(try #require(error))".contains("shard-00000.sqlite"))
  }

  @Test func aFolderWithoutManifestIsNotACorpus() throws {
    let scratch = try TemporaryFolder()
    for folder in [scratch.url, scratch.url.appending(path: "nowhere")] {
      #expect(throws: CorpusError.notACorpus(folder: folder.path)) {
        try TokenizedCorpus.open(folder: folder)
      }
    }
  }

  @Test func aManifestThatContradictsItselfIsRefused() throws {
    let scratch = try TemporaryFolder()
    let folder = try corpus(scratch)
    let file = folder.appending(path: "manifest.json")
    let data = try Data(contentsOf: file)
    func refused(_ change: (inout [String: Any]) -> Void) throws -> String {
      var object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
      change(&object)
      try JSONSerialization.data(withJSONObject: object).write(to: file)
      let error = try #require(throws: CorpusError.self) {
        try TokenizedCorpus.open(folder: folder)
      }
      guard case .badManifest(file.path, let reason) = error else { throw error }
      return reason
    }
    func shard(_ key: String, _ value: Any) -> (inout [String: Any]) -> Void {
      { object in
        guard var shards = object["shards"] as? [[String: Any]] else { return }
        shards[0][key] = value
        object["shards"] = shards
      }
    }
    #expect(try refused { $0["formatVersion"] = 2 }.contains("version is 2"))
    #expect(try refused { $0["vocabSize"] = 0 }.contains("vocabSize"))
    #expect(try refused { $0["vocabSize"] = 3 }.contains("special token"))
    #expect(try refused { $0["sequences"] = 7 }.contains("sequences"))
    #expect(try refused { $0["tokens"] = "many" }.contains("tokens"))
    #expect(try refused { $0["shards"] = [Any]() }.contains("no shard"))
    #expect(try refused { $0["digest"] = nil }.contains("digest"))
    #expect(
      try refused { $0["lengthHistogram"] = [Int](repeating: 0, count: 17) }.contains("histogram"))
    #expect(try refused(shard("name", "../../etc/passwd")).contains("shard-00000"))
    #expect(try refused(shard("blocks", Int.max)).contains("do not fit"))
    #expect(try refused(shard("sequences", Int.max)).contains("do not fit"))
    #expect(try refused(shard("tokens", -1)).contains("do not fit"))
    for cut in stride(from: 0, to: data.count - 2, by: 97) {
      try data.prefix(cut).write(to: file)
      #expect(throws: CorpusError.self) { try TokenizedCorpus.open(folder: folder) }
    }
  }

  @Test func aShardOfAnotherCorpusIsRefused() throws {
    let scratch = try TemporaryFolder()
    let other = try TemporaryFolder()
    let folder = try corpus(scratch)
    let stranger = try corpus(other, lines: 301).appending(path: "shard-00000.sqlite")
    try Data(contentsOf: stranger).write(to: folder.appending(path: "shard-00000.sqlite"))
    let error = #expect(throws: CorpusError.self) { try blocks(folder) }
    guard case .shardMismatch("shard-00000", "the digest", _, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  /// Streams with sound checksums, in a shard whose digest the manifest names, and wrong content.
  @Test func contentThatNoWriterMakesIsRefused() throws {
    let scratch = try TemporaryFolder()
    let folder = try corpus(scratch, lines: 4)
    let manifest = try TokenizedCorpus.open(folder: folder).manifest
    let metadata = try ShardReader(url: folder.appending(path: "shard-00000.sqlite")).metadata
    // Lengths 3, 4, 5, 6 and the IDs of the real corpus, to start from.
    let lengths: [UInt8] = [3, 0, 4, 0, 5, 0, 6, 0]
    let block = try #require(try blocks(folder).first)
    #expect(block.lengths == [3, 4, 5, 6])
    let ids = block.tokenIDs.map { UInt8($0) } + [UInt8](repeating: 0, count: 18)
    func counts(_ ids: [UInt8]) -> [UInt8] {
      var counts = [UInt8](repeating: 0, count: 4 * 31)
      for id in ids.prefix(18) { counts[Int(id)] += 1 }
      return counts
    }
    let sound = counts(ids)

    func read(_ lengths: [UInt8], _ ids: [UInt8], _ counts: [UInt8]) throws {
      let name = "shard-00000"
      try FileManager.default.removeItem(at: folder.appending(path: name + ".sqlite"))
      let writer = try ShardWriter(folder: folder, name: name, metadata: metadata)
      try writer.append(block: [
        NamedStream(name: "lengths", bytes: lengths), NamedStream(name: "ids", bytes: ids),
      ])
      try writer.appendShardStream(NamedStream(name: "tokenCounts", bytes: counts))
      var forged = manifest
      forged.shards[0].digest = try writer.seal().digest
      try JSONEncoder().encode(forged).write(to: folder.appending(path: "manifest.json"))
      let corpus = try TokenizedCorpus.open(folder: folder)
      _ = try corpus.block(0)
      _ = try corpus.tokenCounts()
      try corpus.verify()
    }
    func refused(_ lengths: [UInt8], _ ids: [UInt8], _ counts: [UInt8]) throws -> String {
      let error = try #require(throws: CorpusError.self) { try read(lengths, ids, counts) }
      guard case .badBlock("shard-00000", _, let stream, _) = error else { return "\(error)" }
      return stream
    }
    try read(lengths, ids, sound)
    #expect(try refused([], [], sound) == "lengths")
    #expect(try refused(lengths + [3], ids, sound) == "lengths")
    #expect(try refused([UInt8](repeating: 3, count: 258), ids, sound) == "lengths")
    #expect(try refused([3, 0, 4, 0, 5, 0], Array(ids[..<24]), sound) == "lengths")
    #expect(try refused([2, 0, 4, 0, 5, 0, 6, 0], ids, sound) == "lengths")
    #expect(try refused([3, 1, 4, 0, 5, 0, 6, 0], ids, sound) == "lengths")
    #expect(try refused([3, 0, 4, 0, 5, 0, 7, 0], ids, sound) == "ids")
    #expect(try refused(lengths, Array(ids.dropLast()), sound) == "ids")
    var other = ids
    other[1] = 31
    #expect(try refused(lengths, other, sound) == "ids")
    other = ids
    other[19] = 0xFF
    #expect(try refused(lengths, other, sound) == "ids")
    other = ids
    other[0] = 5
    #expect(try refused(lengths, other, sound) == "ids")
    var fewer = sound
    fewer[2] -= 1
    #expect(try refused(lengths, ids, fewer) == "tokenCounts")
    fewer[3] += 1
    // The sum is right, the numbers are not.
    #expect(try refused(lengths, ids, fewer) == "tokenCounts")
    #expect(try refused(lengths, ids, [18]) == "tokenCounts")
    // Everything is in its range, but it is not the text of the manifest.
    other = ids
    other[1] += 1
    #expect(try refused(lengths, other, counts(other)).contains("the manifest says"))
  }

  @Test func oneChangedNumberOfAManifestIsReported() throws {
    let scratch = try TemporaryFolder()
    let folder = try corpus(scratch)
    let file = folder.appending(path: "manifest.json")
    let text = try String(contentsOf: file, encoding: .utf8)
    for (field, old, new) in [
      ("documents", "300", "301"), ("repairedUTF8", "0", "7"), ("mask", "4", "1"),
      ("mixDocuments", "false", "true"),
    ] {
      let changed = text.replacing("\"\(field)\" : \(old)", with: "\"\(field)\" : \(new)")
      #expect(changed != text)
      try Data(changed.utf8).write(to: file)
      let error = #expect(throws: CorpusError.self) { try TokenizedCorpus.open(folder: folder) }
      #expect("\(try #require(error))".contains("manifestDigest"), "\(field)")
    }
    // Manifests of older versions have no digest of their text.
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let older = lines.filter { !$0.contains("manifestDigest") }
    #expect(older.count == lines.count - 1)
    try Data(older.joined(separator: "\n").utf8).write(to: file)
    try TokenizedCorpus.open(folder: folder).verify()
    // It is the digest of that older text.
    let digest = ContentDigest.bytes(Array(try Data(contentsOf: file)))
    #expect(text.contains("\"manifestDigest\" : \"\(digest)\""))
  }

  @Test func whatIsNoFileIsNotReadAsAManifest() throws {
    let scratch = try TemporaryFolder()
    let folder = try corpus(scratch)
    let file = folder.appending(path: "manifest.json")
    try FileManager.default.removeItem(at: file)
    mkfifo(file.path, 0o600)
    #expect(throws: CorpusError.self) { try TokenizedCorpus.open(folder: folder) }
    try FileManager.default.removeItem(at: file)
    try FileManager.default.createSymbolicLink(
      atPath: file.path, withDestinationPath: "/dev/zero")
    #expect(throws: CorpusError.self) { try TokenizedCorpus.open(folder: folder) }
  }

  @Test func aManifestThatSpeaksOfAnotherVocabularyIsRefused() throws {
    let scratch = try TemporaryFolder()
    let folder = try corpus(scratch)
    var manifest = try TokenizedCorpus.open(folder: folder).manifest
    manifest.vocabSize = Int(Int32.max)
    try JSONEncoder().encode(manifest).write(to: folder.appending(path: "manifest.json"))
    let corpus = try TokenizedCorpus.open(folder: folder)
    let error = #expect(throws: CorpusError.self) { try corpus.tokenCounts() }
    guard case .shardMismatch("shard-00000", "corpus.vocabSize", "2147483647", "31")? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func manyThreadsReadTheSame() async throws {
    let scratch = try TemporaryFolder()
    let folder = try corpus(scratch, lines: 2_000)
    let expected = try blocks(folder)
    let corpus = try TokenizedCorpus.open(folder: folder)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for start in 0..<8 {
        group.addTask {
          try expected.indices.allSatisfy { index in
            let block = (index + start) % expected.count
            return try corpus.block(block) == expected[block]
          }
        }
      }
      for try await isEqual in group {
        #expect(isEqual)
      }
    }
  }
}
