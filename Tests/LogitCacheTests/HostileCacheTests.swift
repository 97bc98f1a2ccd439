import Foundation
import LogitCache
import ShardStore
import TestSupport
import Testing

/// Caches with right checksums that no writer makes; `fuzz` found most of them.
@Suite struct HostileCacheTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(_ manifest: CacheManifest) throws {
    try JSONEncoder().encode(manifest).write(to: folder.file("manifest.json"))
  }

  /// Opening it once asked for each of the declared files.
  @Test(.timeLimit(.minutes(1))) func aManifestOfManyMissingShardsIsRefusedAtOnce() throws {
    var specification = SampleCache().specification
    specification.replicas = 65_536
    specification.blocksPerShard = [Int](repeating: 1, count: 2000)
    specification.corpusShards = specification.blocksPerShard.indices.map { "\($0)" }
    try write(CacheManifest(beginning: specification))
    #expect(
      throws: LogitCacheError.incomplete(
        folder: folder.url.path, sealed: 0, total: specification.shardCount)
    ) { try CacheReader(folder: folder.url) }
  }

  /// Their sum would overflow.
  @Test func aManifestOfImpossiblyManyRowsIsRefused() throws {
    var manifest = try #require(try SampleCache().write(to: folder.url))
    for index in manifest.shards.indices { manifest.shards[index].rows = .max }
    try write(manifest)
    let error = #expect(throws: LogitCacheError.self) { try CacheReader(folder: folder.url) }
    #expect(error?.description.contains("manifest.json: rows of shard-00000 is") == true)
  }

  @Test func aSpecificationOutOfRangeIsReportedWithItsFile() throws {
    var specification = SampleCache().specification
    specification.teacher.hiddenSize = .max
    try write(CacheManifest(beginning: specification))
    let error = #expect(throws: LogitCacheError.self) { try CacheReader(folder: folder.url) }
    #expect(error?.description.contains("manifest.json: teacher.hiddenSize is") == true)
  }

  /// What this thread has used of a processor.
  private static func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// It took many seconds once.
  @Test func aManifestNestedDeeplyIsRefusedAtOnce() throws {
    var specification = SampleCache().specification
    let marker = PlainValue.text("here")
    specification.mask = marker
    try write(CacheManifest(beginning: specification))
    let text = try String(contentsOf: folder.file("manifest.json"), encoding: .utf8)
    let nested =
      String(repeating: "{\"a\":", count: 400) + "1" + String(repeating: "}", count: 400)
    try folder.write("manifest.json", text.replacing(marker.canonicalText, with: nested))
    // Of this thread, since others may keep it from the processor for seconds.
    let begin = Self.processorSeconds()
    #expect(throws: LogitCacheError.self) { try CacheReader(folder: folder.url) }
    #expect(Self.processorSeconds() - begin < 2)
  }

  /// A value of three bytes takes microseconds to read.
  @Test func aManifestOfTooManyValuesIsRefused() throws {
    var specification = SampleCache().specification
    let marker = PlainValue.text("here")
    specification.mask = marker
    try write(CacheManifest(beginning: specification))
    let text = try String(contentsOf: folder.file("manifest.json"), encoding: .utf8)
    for (value, count) in [("[]", 300_000), ("1", 300_000), ("[1,1,1,1,1,1,1,1,1]", 30_000)] {
      let long = "[" + Array(repeating: value, count: count).joined(separator: ",") + "]"
      try folder.write("manifest.json", text.replacing(marker.canonicalText, with: long))
      let error = #expect(throws: LogitCacheError.self) { try CacheReader(folder: folder.url) }
      #expect(error?.description.contains("more values") == true)
    }
  }

  /// Reading a pipe would wait for ever, and a device has no end.
  @Test func aManifestThatIsNoFileIsRefused() throws {
    let file = folder.file("manifest.json")
    #expect(mkfifo(file.path, 0o600) == 0)
    #expect(throws: ShardStoreError.self) { try CacheReader(folder: folder.url) }
    try FileManager.default.removeItem(at: file)
    try FileManager.default.createSymbolicLink(atPath: file.path, withDestinationPath: "/dev/zero")
    #expect(throws: ShardStoreError.self) { try CacheReader(folder: folder.url) }
  }

  /// Fills a cache of one replica whose blocks the body may change.
  private func fill(
    _ sample: SampleCache, tables: CacheTables? = nil,
    _ change: (inout [NamedStream]) -> Void = { _ in }
  ) throws {
    let writer = try CacheWriter(folder: folder.url, specification: sample.specification)
    try writer.writeTables(tables ?? sample.tables)
    for index in writer.pendingShards {
      let shard = try writer.beginShard(index)
      let place = writer.place(ofShard: index)
      for block in place.firstBlock..<place.firstBlock + place.blocks {
        var streams = try sample.encode(block, replica: place.replica, auditRows: [0])
        change(&streams)
        try shard.append(block: streams)
      }
      _ = try shard.seal()
    }
    _ = try writer.finish()
  }

  /// The numbers of audited rows index the block's rows.
  @Test(arguments: [[UInt32.max], [1_000_000], [1, 0], [0, 0], []])
  func auditRowsThatAreNoneAreRefused(rows: [UInt32]) throws {
    let sample = SampleCache()
    try fill(sample) { streams in
      for index in streams.indices {
        if streams[index].name == StreamName.auditRows {
          streams[index].bytes = LittleEndian.bytes(rows)
        } else if streams[index].name == StreamName.auditLogits {
          let logits = [Float](repeating: 1, count: rows.count * sample.specification.vocabSize)
          streams[index].bytes = LittleEndian.bytes(logits)
        }
      }
    }
    let reader = try CacheReader(folder: folder.url)
    let error = #expect(throws: LogitCacheError.self) {
      try reader.auditRows(block: 1, replica: 0)
    }
    #expect(error?.description.contains("shard-00000, block 1, stream 'audit.rows'") == true)
  }

  @Test func auditedLogitsThatAreNotFiniteAreRefused() throws {
    try fill(SampleCache()) { streams in
      for index in streams.indices where streams[index].name == StreamName.auditLogits {
        streams[index].bytes.replaceSubrange(0..<4, with: LittleEndian.bytes([Float.nan]))
      }
    }
    let reader = try CacheReader(folder: folder.url)
    let error = #expect(throws: LogitCacheError.self) {
      try reader.auditRows(block: 0, replica: 0)
    }
    #expect(error?.description.contains("stream 'audit.logits'") == true)
  }

  /// A step times the largest coefficient would not be finite.
  @Test(arguments: [Float.greatestFiniteMagnitude, 1e30, 2e9])
  func stepsTooLargeForFiniteCoefficientsAreRefused(step: Float) throws {
    let sample = SampleCache(target: TargetSpecification(headK: 4, tail: .lowrank, rank: 3))
    var tables = sample.tables
    let basis = try #require(tables.targets[0].basis)
    tables.targets[0].basis = LowRankBasis(
      hiddenSize: basis.hiddenSize, mean: basis.mean, encoder: basis.encoder,
      steps: basis.steps.map { _ in step })
    // The writer reads its tables too.
    let error = #expect(throws: LogitCacheError.self) {
      try fill(sample, tables: tables)
      _ = try CacheReader(folder: folder.url)
    }
    #expect(error?.description.contains("lowrank.steps") == true)
  }
}
