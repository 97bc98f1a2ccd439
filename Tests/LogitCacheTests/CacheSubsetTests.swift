import Foundation
import Kernels
import LogitCache
import ShardStore
import TestSupport
import Testing

@Suite struct CacheSubsetTests {
  private func subset(
    of sample: SampleCache, _ selection: CacheSubset.Selection
  ) throws -> (whole: CacheReader, part: CacheReader, folders: [TemporaryFolder]) {
    let (source, target) = (try TemporaryFolder(), try TemporaryFolder())
    try sample.write(to: source.url)
    _ = try CacheSubset(of: source.url, selection: selection).write(to: target.url)
    #expect(try CacheVerification(folder: target.url).run() == [])
    return (
      try CacheReader(folder: source.url), try CacheReader(folder: target.url), [source, target]
    )
  }

  @Test func replicasAndShardsKeepTheirBlocks() throws {
    let (whole, part, folders) = try subset(
      of: SampleCache(states: .int8), .init(replicas: [1], shards: [1]))
    #expect(part.replicas == 1 && part.blockCount == 2)
    #expect(part.specification.sequences == 8)
    #expect(part.specification.maskReplica(0) == 1)
    #expect(part.specification.derivedFrom?.fingerprint == whole.manifest.fingerprint)
    #expect(part.specification.derivedFrom?.shards == [1])
    #expect(part.specification.derivedFrom?.headK == nil)
    #expect(part.manifest.fingerprint != whole.manifest.fingerprint)
    // Nothing of a shard changes, so its file has a second name.
    let names = folders.map(\.url).enumerated().map {
      $1.appending(path: $0 == 0 ? "shard-00003.sqlite" : "shard-00000.sqlite")
    }
    let numbers = try names.map {
      try FileManager.default.attributesOfItem(atPath: $0.path)[.systemFileNumber] as? Int
    }
    #expect(numbers[0] != nil && numbers[0] == numbers[1])
    for block in 0..<2 {
      #expect(
        try part.readBlock(block, replica: 0) == whole.readBlock(3 + block, replica: 1))
      #expect(
        try part.auditRows(block: block, replica: 0).map(\.logits)
          == whole.auditRows(block: 3 + block, replica: 1).map(\.logits))
    }
    withExtendedLifetime(folders) {}
  }

  @Test func aPartOfAPartKnowsItsMaskReplica() throws {
    var sample = SampleCache()
    sample.specification.replicas = 4
    let folders = try (0..<3).map { _ in try TemporaryFolder() }
    try sample.write(to: folders[0].url)
    _ = try CacheSubset(of: folders[0].url, selection: .init(replicas: [1, 3]))
      .write(to: folders[1].url)
    _ = try CacheSubset(of: folders[1].url, selection: .init(replicas: [1]))
      .write(to: folders[2].url)
    let part = try CacheReader(folder: folders[2].url)
    #expect(part.specification.maskReplica(0) == 3)
    #expect(
      try part.readBlock(4, replica: 0)
        == CacheReader(folder: folders[0].url).readBlock(4, replica: 3))
    withExtendedLifetime(folders) {}
  }

  @Test func statesAndAuditRowsGo() throws {
    let (whole, part, folders) = try subset(
      of: SampleCache(states: .int8), .init(keepsStates: false, keepsAuditRows: false))
    let names = try Set(part.streamBytes().keys)
    #expect(
      try Set(whole.streamBytes().keys).subtracting(names).sorted() == [
        "audit.logits", "audit.rows", "states", "states.scales",
      ])
    let options = ReadOptions(wantsStates: false)
    #expect(
      try part.readBlock(2, replica: 1) == whole.readBlock(2, replica: 1, options: options))
    withExtendedLifetime(folders) {}
  }

  /// The smaller head's scalars against those of all logits: the head's entries that went are
  /// quantised to 1/16, the scalars to 1/256 and 1/32.
  @Test func aSmallerHeadHasTheTailOfAllTheRest() throws {
    let sample = SampleCache()
    let (whole, part, folders) = try subset(of: sample, .init(headK: 3))
    #expect(part.specification.derivedFrom?.headK == 8)
    for (block, replica) in [(0, 0), (4, 1)] {
      let found = try part.readBlock(block, replica: replica)
      let prefix = try whole.readBlock(block, replica: replica, options: ReadOptions(headK: 3))
      let (cut, read) = (found.parts[0], prefix.parts[0])
      #expect(cut.headIDs == read.headIDs)
      #expect(cut.headLogits == read.headLogits)
      guard case .scalars(let scalars) = cut.tail else {
        Issue.record("another tail")
        continue
      }
      for row in 0..<found.rowCount {
        let reference = ReferenceRow(sample.logits(block, replica: replica, row: row))
        for beta in [1, 0.5] {
          let expected = reference.tail(k: 3, beta: beta)
          let value = beta == 1 ? scalars[row].logPartition : scalars[row].halfLogPartition
          // Half a step of the head where one entry has all of the tail, and half a unit of the
          // scalars twice.
          let bound: Double = 1.0 / 32 + 1.0 / 256 + 1e-5
          #expect(abs(value - expected.logPartition) < bound)
        }
        // Half a unit twice, and of five entries in 297 half a step of the head.
        let mean = reference.tail(k: 3, beta: 0).slope
        let bound: Double = (1 + 5.0 / 297) / 32 + 1e-5
        #expect(abs(scalars[row].mean - mean) < bound)
        #expect(cut.tailPartition(row).count == 297)
      }
    }
    withExtendedLifetime(folders) {}
  }

  @Test func hiddenTailsLoseTheirHeadAndNothingElse() throws {
    let sample = SampleCache(target: TargetSpecification(headK: 4, tail: .hidden))
    let (whole, part, folders) = try subset(of: sample, .init(headK: 0))
    #expect(try part.streamBytes()["head.ids"] == nil)
    let options = ReadOptions(wantsHead: false)
    #expect(
      try part.readBlock(1, replica: 0, options: options).parts[0].tail
        == whole.readBlock(1, replica: 0, options: options).parts[0].tail)
    #expect(try part.readDecoder().weight == whole.readDecoder().weight)
    withExtendedLifetime(folders) {}
  }

  @Test func fewerCoefficientsAreThoseThatAReaderOfThemTakes() throws {
    let target = TargetSpecification(headK: 8, tail: .lowrank, rank: 6)
    let (whole, part, folders) = try subset(
      of: SampleCache(target: target, states: .bf16), .init(headK: 3, rank: 4))
    #expect(part.specification.target.rank == 4)
    #expect(part.specification.derivedFrom?.rank == 6)
    // Those that go are estimated, as 7 to 16 were.
    #expect(try part.readLowRankDecoder() == whole.readLowRankDecoder())
    for (block, replica) in [(0, 0), (3, 1)] {
      let found = try part.readBlock(block, replica: replica)
      let read = try whole.readBlock(
        block, replica: replica, options: ReadOptions(headK: 3, rank: 4))
      let (cut, prefix) = (found.parts[0], read.parts[0])
      #expect(found.states == read.states)
      #expect(cut.headIDs == prefix.headIDs && cut.headLogits == prefix.headLogits)
      guard case .lowRank(let ours) = cut.tail, case .lowRank(let theirs) = prefix.tail else {
        Issue.record("another tail")
        continue
      }
      #expect(ours.rank == 4 && ours.coefficients == theirs.coefficients)
      for row in 0..<cut.rows {
        for (beta, mine, stored) in [
          (1, ours.logPartitions[row], theirs.logPartitions[row]),
          (0.5, ours.halfLogPartitions[row], theirs.halfLogPartitions[row]),
        ] {
          let joined = TailPartition.adding(prefix.dropped(row), to: Double(stored), beta: beta)
          // Half a unit of 1/256.
          #expect(abs(Double(mine) - joined) <= 1.0 / 512 + 1e-6)
        }
      }
    }
    // The same again from the same cache, and from the part nothing more to cut.
    let again = try TemporaryFolder()
    _ = try CacheSubset(of: folders[0].url, selection: .init(headK: 3, rank: 4))
      .write(to: again.url)
    #expect(try SampleCache.contents(again.url) == SampleCache.contents(folders[1].url))
    withExtendedLifetime(folders) {}
  }

  @Test func everyClassOfPositionsIsCut() throws {
    let sample = SampleCache(
      target: TargetSpecification(headK: 6, tail: .lowrank, rank: 5),
      otherTarget: TargetSpecification(headK: 3, tail: .scalars), positions: .all)
    let (whole, part, folders) = try subset(of: sample, .init(replicas: [1], headK: 2))
    #expect(part.specification.targets.map(\.headK) == [2, 2])
    let found = try part.readBlock(4, replica: 0)
    let read = try whole.readBlock(4, replica: 1, options: ReadOptions(headK: 2))
    #expect(found.parts.map(\.headIDs) == read.parts.map(\.headIDs))
    #expect(found.classes == read.classes)
    withExtendedLifetime(folders) {}
  }

  @Test func aSmallerCacheOfASmallerOneTakesItsTables() throws {
    let (_, part, folders) = try subset(
      of: SampleCache(target: TargetSpecification(headK: 6, tail: .lowrank, rank: 5)),
      .init(headK: 2))
    let smaller = try TemporaryFolder()
    _ = try CacheSubset(of: folders[1].url, selection: .init(replicas: [1]))
      .write(to: smaller.url)
    #expect(try CacheVerification(folder: smaller.url).run() == [])
    let reader = try CacheReader(folder: smaller.url)
    #expect(reader.specification.tablesDigest == part.manifest.tables?.digest)
    #expect(try reader.readBlock(1, replica: 0) == part.readBlock(1, replica: 1))
    withExtendedLifetime(folders) {}
  }

  /// A part of a cache in a folder of its own, and how many shards each source gave.
  private func part(
    of whole: TemporaryFolder, _ selection: CacheSubset.Selection,
    extending others: [TemporaryFolder] = []
  ) throws -> (folder: TemporaryFolder, taken: [Int]) {
    let folder = try TemporaryFolder()
    var taken: [Int] = []
    let sources = try others.map { try #require(try ShardSource(folder: $0.url)) }
    _ = try CacheSubset(of: whole.url, selection: selection)
      .write(to: folder.url, extending: sources, taking: { taken.append($0.taken) })
    #expect(try CacheVerification(folder: folder.url).run() == [])
    return (folder, taken)
  }

  @Test func partsOfTheSameCutShareTheirShards() throws {
    let target = TargetSpecification(headK: 8, tail: .lowrank, rank: 6)
    let (small, large) = (try TemporaryFolder(), try TemporaryFolder())
    for (folder, shards, replicas) in [(small, 2, 1), (large, 2, 3)] {
      var sample = SampleCache.grown(shards: shards, replicas: replicas)
      sample.specification.target = target
      try sample.write(to: folder.url)
    }
    let first = try part(of: small, .init(shards: [1], headK: 3, rank: 4)).folder
    // More shards of the same cache, then more replicas of one that has grown.
    let second = try part(of: small, .init(headK: 3, rank: 4), extending: [first])
    #expect(second.taken == [1])
    let third = try part(
      of: large, .init(replicas: [0, 2], headK: 3, rank: 4), extending: [first, second.folder])
    #expect(third.taken == [1, 1])
    let alone = try part(of: large, .init(replicas: [0, 2], headK: 3, rank: 4)).folder
    #expect(try SampleCache.contents(third.folder.url) == SampleCache.contents(alone.url))
    // Another cut, and a cut of a cut, are other shards.
    let other = try part(of: small, .init(headK: 4, rank: 4))
    #expect(
      try part(of: other.folder, .init(headK: 3), extending: [first, second.folder]).taken == [
        0, 0,
      ])
    withExtendedLifetime([small, large, first, second.folder, third.folder, alone, other.folder]) {}
  }

  @Test func partsAreMergedIntoTheCacheThatHasThem() throws {
    let whole = try TemporaryFolder()
    try SampleCache().write(to: whole.url)
    for headK in [nil, 3] {
      let parts = try [0, 1].map {
        try part(of: whole, .init(replicas: [$0], headK: headK)).folder
      }
      let expected = try headK.map { try part(of: whole, .init(headK: $0)).folder } ?? whole
      let into = try TemporaryFolder()
      let specification = try CacheManifest.read(folder: expected.url).specification
      _ = try CacheWriter(folder: into.url, specification: specification)
      let outcome = try CacheMerge(into: into.url, from: parts.map(\.url)).run()
      #expect(outcome.taken == [0, 1, 2, 3] && outcome.sealed == 4)
      #expect(
        try CacheManifest.read(folder: into.url) == CacheManifest.read(folder: expected.url))
      #expect(try CacheVerification(folder: into.url).run() == [])
      withExtendedLifetime(parts + [expected, into]) {}
    }
    // Without a cache that has both, each is another one.
    let parts = try [0, 1].map { try part(of: whole, .init(replicas: [$0])).folder }
    let empty = try TemporaryFolder()
    let error = #expect(throws: LogitCacheError.self) {
      try CacheMerge(into: empty.file("new"), from: parts.map(\.url))
    }
    #expect(error?.description.contains("derivedFrom") == true)
    withExtendedLifetime(parts + [whole]) {}
  }

  @Test func withoutStatesTheTailThatWasSharedStays() throws {
    let sample = SampleCache(
      target: TargetSpecification(headK: 0, tail: .hidden), states: .shared)
    let (whole, part, folders) = try subset(of: sample, .init(keepsStates: false))
    #expect(part.specification.states == .none)
    #expect(try part.readBlock(2, replica: 1).states == nil)
    #expect(
      try part.readBlock(2, replica: 1).parts == whole.readBlock(2, replica: 1).parts)
    withExtendedLifetime(folders) {}
  }

  @Test func whatTheCacheDoesNotHaveIsRefused() throws {
    let folder = try TemporaryFolder()
    try SampleCache().write(to: folder.url)
    let selections: [CacheSubset.Selection] = [
      .init(), .init(replicas: [2]), .init(shards: [1, 0]), .init(shards: []), .init(headK: 9),
      .init(headK: -1), .init(headK: 8), .init(headK: 0), .init(rank: 4),
    ]
    for selection in selections {
      #expect(throws: LogitCacheError.self, "\(selection)") {
        try CacheSubset(of: folder.url, selection: selection)
      }
    }
    var weighted = SampleCache()
    weighted.specification.weightingCorpus = "c0"
    let other = try TemporaryFolder()
    try weighted.write(to: other.url)
    let error = #expect(throws: LogitCacheError.self) {
      try CacheSubset(of: other.url, selection: .init(shards: [0]))
    }
    #expect(error?.description.contains("weighted") == true)
  }
}
