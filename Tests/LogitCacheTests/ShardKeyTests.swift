import LogitCache
import Testing

@Suite struct ShardKeyTests {
  private let base = SampleCache.grown(shards: 2, replicas: 2).specification

  private func keys(_ specification: CacheSpecification, tables: String = "t") -> [String] {
    let keys = ShardKeys(specification, tables: tables)
    return (0..<specification.shardCount).map(keys.key)
  }

  @Test func moreReplicasKeepTheKeysOfThoseThatWereThere() {
    let more = SampleCache.grown(shards: 2, replicas: 5).specification
    #expect(Array(keys(more).prefix(4)) == keys(base))
    #expect(Set(keys(more)).count == 10)
    #expect(more.tablesKey() == base.tablesKey())
    #expect(more.fingerprint() != base.fingerprint())
  }

  @Test func aGrownCorpusKeepsTheKeysOfTheShardsThatAreTheSame() {
    let grown = SampleCache.grown(shards: 3, replicas: 2).specification
    let (old, new) = (keys(base), keys(grown))
    #expect([new[0], new[1], new[3], new[4]] == old)
    #expect(Set(new).count == 6)
    #expect(grown.tablesKey() != base.tablesKey())
  }

  @Test func keysFollowEverythingElse() {
    let changes: [(inout CacheSpecification) -> Void] = [
      { $0.tokenizerDigest = "x" }, { $0.vocabSize = 301 }, { $0.teacher.weightDigest = "x" },
      { $0.precision = "bf16" }, { $0.mask = .object(["seed": .unsigned(1)]) },
      { $0.positions = .all }, { $0.target.step = 0.125 }, { $0.states = .int8 },
      { $0.auditRowsPerShard = 1 }, { $0.weightingCorpus = "c0" },
      { $0.corpusShards = ["x", "y"] },
    ]
    for change in changes {
      var other = base
      change(&other)
      #expect(Set(keys(other)).isDisjoint(with: keys(base)), "\(other)")
    }
    #expect(Set(keys(base, tables: "others")).isDisjoint(with: keys(base)))
  }

  @Test func inheritedTablesArePartOfTheFingerprintAndNotTwiceOfTheKey() {
    var heir = base
    heir.tablesDigest = "t"
    #expect(heir.fingerprint() != base.fingerprint())
    #expect(keys(heir) == keys(base))
    #expect(heir.isSameButForTables(base))
  }

  @Test func corpusShardsWithoutDigestsOfTheirOwnAreNobodyElses() throws {
    var specification = SampleCache().specification
    #expect(Set(specification.corpusShards).count == 2)
    try specification.validate()
    specification.corpusShards.append("one too many")
    #expect(throws: LogitCacheError.self) { try specification.validate() }
  }
}
