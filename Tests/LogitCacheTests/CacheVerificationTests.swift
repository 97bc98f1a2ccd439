import Foundation
import LogitCache
import ShardStore
import TestSupport
import Testing

@Suite struct CacheVerificationTests {
  private func problems(_ folder: URL) throws -> [CacheProblem] {
    try CacheVerification(folder: folder).run()
  }

  /// A cache of every kind of target.
  static let samples = [
    SampleCache(), SampleCache(states: .int8),
    SampleCache(target: TargetSpecification(headK: 6, tail: .lowrank, rank: 5), states: .bf16),
    SampleCache(target: TargetSpecification(headK: 0, tail: .hidden), states: .shared),
    SampleCache(target: TargetSpecification(headK: 0, tail: .sampled)),
    SampleCache(
      target: TargetSpecification(headK: 6, tail: .lowrank, rank: 5),
      otherTarget: TargetSpecification(headK: 3, tail: .scalars), positions: .all),
  ]

  @Test(arguments: samples.indices) func aSoundCacheHasNoProblem(sample: Int) throws {
    let folder = try TemporaryFolder()
    try Self.samples[sample].write(to: folder.url)
    var seen: [Int] = []
    let found = try CacheVerification(folder: folder.url).run { seen.append($0) }
    #expect(found == [])
    #expect(seen == Array(1...10))
  }

  @Test func everyDamagedStreamIsNamed() throws {
    let folder = try TemporaryFolder()
    try SampleCache(states: .int8).write(to: folder.url)
    let damage = [
      ("shard-00000", 0, "head.ids"), ("shard-00000", 2, "states"), ("shard-00003", 1, "ids"),
    ]
    for (shard, block, stream) in damage {
      try flip(folder.file("\(shard).sqlite"), block: block, stream: stream)
    }
    let found = try problems(folder.url)
    #expect(found.map(\.shard) == damage.map(\.0))
    #expect(found.map(\.block) == damage.map { $0.1 })
    #expect(found.map(\.stream) == damage.map { $0.2 })
    #expect(found.map(\.index) == [0, 0, 3])
    #expect("\(found[0])".hasPrefix("shard-00000, block 0, stream 'head.ids': "))
  }

  @Test func missingTruncatedAndExchangedFilesAreNamed() throws {
    let folder = try TemporaryFolder()
    try SampleCache().write(to: folder.url)
    let files = (0..<4).map { folder.file("shard-0000\($0).sqlite") }
    try FileManager.default.removeItem(at: files[1])
    try Data(contentsOf: files[2]).dropLast(1024).write(to: files[2])
    try Data(contentsOf: files[0]).write(to: files[3])
    let found = try problems(folder.url)
    #expect(found.map(\.shard) == ["shard-00001", "shard-00002", "shard-00003"])
    #expect(found.allSatisfy { $0.block == nil })
    #expect(found[0].reason == "the file is missing")
  }

  @Test func damagedTablesDoNotHideDamagedShards() throws {
    let folder = try TemporaryFolder()
    try SampleCache(target: TargetSpecification(headK: 0, tail: .hidden)).write(to: folder.url)
    try flip(folder.file("tables.sqlite"), block: 0, stream: "decoder.weight")
    try flip(folder.file("shard-00002.sqlite"), block: 1, stream: "tail.hidden")
    let found = try problems(folder.url)
    #expect(found.map(\.shard) == ["tables", "shard-00002"])
    #expect(found.map(\.stream) == ["decoder.weight", "tail.hidden"])
  }

  @Test func everyTableIsRead() throws {
    let sample = Self.samples[5]
    for stream in ["lowrank.weight", "lowrank.noise", "other.codes", "other.tail.factors"] {
      let folder = try TemporaryFolder()
      try sample.write(to: folder.url)
      try flip(
        folder.file("tables.sqlite"), block: stream == "lowrank.weight" ? 0 : -1, stream: stream)
      let found = try problems(folder.url)
      #expect(found.map(\.shard) == ["tables"])
      #expect(found.map(\.stream) == [stream])
    }
  }

  @Test func shardsThatAreNotThereYetAreNoProblem() throws {
    let folder = try TemporaryFolder()
    try SampleCache().write(to: folder.url, worker: 0, workers: 3)
    let verification = try CacheVerification(folder: folder.url)
    #expect(verification.run() == [])
    #expect(verification.sealedShards == 2)
  }

  @Test func streamsThatContradictEachOtherAreFoundInSpiteOfTheirChecksums() throws {
    let sample = SampleCache()
    for stream in ["head.ids", "audit.logits", "lengths"] {
      let folder = try TemporaryFolder()
      let writer = try CacheWriter(folder: folder.url, specification: sample.specification)
      try writer.writeTables(sample.tables)
      let shard = try writer.beginShard(0)
      for block in 0..<3 {
        let rows = sample.targetBlock(block, replica: 0).positions.count
        var streams = try sample.encode(
          block, replica: 0, auditRows: stream == "audit.logits" && block == 0 ? [rows / 2] : [])
        let index = try #require(
          streams.firstIndex { $0.name == (block == 0 ? stream : "lengths") })
        if block == 0 { try contradict(&streams[index], rows: rows, of: sample) }
        try shard.append(block: streams)
      }
      _ = try shard.seal()
      let found = try problems(folder.url)
      #expect(found.map(\.block) == [0], "\(stream): \(found)")
      #expect(found.first?.stream == stream, "\(found)")
    }
  }

  private func contradict(
    _ stream: inout NamedStream, rows: Int, of sample: SampleCache
  ) throws {
    switch stream.name {
    case "head.ids":
      let codes = sample.tables.targets[0].headIDs
      var coded = try #require(CodedStream(stream.bytes, codes: codes, rows: rows))
      coded.columns[1] = coded.columns[0]
      stream.bytes = coded.bytes
    case "audit.logits": stream.bytes.replaceSubrange(0..<4, with: [0, 0, 0x80, 0x7F])
    default: stream.bytes.replaceSubrange(0..<2, with: [0, 0])
    }
  }

  @Test func replicasOfOtherSequencesAreNoticed() throws {
    let folder = try TemporaryFolder()
    let sample = SampleCache()
    let writer = try CacheWriter(folder: folder.url, specification: sample.specification)
    try writer.writeTables(sample.tables)
    for index in [0, 2] {
      let shard = try writer.beginShard(index)
      for block in 0..<3 {
        // Blocks 1 and 2 of the second replica are exchanged.
        let number = index == 0 ? block : [0, 2, 1][block]
        try shard.append(block: try sample.encode(number, replica: index / 2))
      }
      _ = try shard.seal()
    }
    let found = try problems(folder.url)
    #expect(found.map(\.shard) == ["shard-00002", "shard-00002"])
    #expect(found.map(\.block) == [1, 2])
  }
}

func flip(_ file: URL, block: Int, stream: String) throws {
  try Damage.flip(shard: file.path, block: block, stream: stream)
}
