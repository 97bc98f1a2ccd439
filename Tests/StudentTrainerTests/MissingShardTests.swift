import Corpus
import Foundation
import LogitCache
import ShardStore
import StudentTrainer
import Synchronization
import TestSupport
import Testing
import Transformer

/// Puts the shards of a finished cache into a folder, as a teacher does who needs time.
private struct LateTeacher: Sendable {
  let whole: CacheReader
  let corpus: TokenizedCorpus
  let folder: URL

  var indices: Range<Int> { whole.manifest.shards.indices }

  /// What the teacher writes before any shard.
  func begin() throws {
    let writer = try CacheWriter(folder: folder, specification: whole.specification)
    try place("tables")
    try writer.prepareSequences(tokenCounts: nil) { try corpus.lengths(block: $0) }
  }

  func seal(_ index: Int) throws { try place(whole.manifest.shards[index].name) }

  private func place(_ name: String) throws {
    let temporary = folder.appending(path: "\(name).copy")
    try FileManager.default.copyItem(
      at: whole.folder.appending(path: "\(name).sqlite"), to: temporary)
    try FileManager.default.moveItem(at: temporary, to: folder.appending(path: "\(name).sqlite"))
  }
}

/// Training from a cache whose shards come one after the other.
struct MissingShardTests {
  let world: TinyWorld
  let folder: TemporaryFolder
  /// The cache as it will be.
  let whole: CacheReader

  init() throws {
    world = try TinyWorld(sequences: 1200, shardTokens: 1500)
    folder = try TemporaryFolder()
    whole = try TinyCache.make(
      world, teacher: CacheSourceTests.teacher(), masks: world.masks(),
      options: TinyCache.Options(), in: folder.url.appending(path: "whole"))
    #expect(whole.specification.blocksPerShard.count >= 3)
  }

  private var incomplete: URL { teacher.folder }

  private var teacher: LateTeacher {
    LateTeacher(
      whole: whole, corpus: world.corpus, folder: folder.url.appending(path: "incomplete"))
  }

  private func configuration() -> TrainingConfiguration {
    var configuration = TinyWorld.configuration()
    configuration.alphaCE = 5
    configuration.alphaMLM = 2
    configuration.alphaCos = 1
    return configuration
  }

  private func train(
    _ reader: CacheReader, _ missing: MissingShards, name: String
  ) throws -> (bits: [UInt32], result: TrainingResult) {
    let model = TinyWorld.model(seed: 83)
    let result = try Trainer(
      model: model,
      source: try CacheBatchSource(
        reader: reader, configuration: configuration(), missing: missing),
      configuration: configuration(), folder: folder.url.appending(path: name)
    ).run()
    return (bits(model.parameters), result)
  }

  @Test("a student that waits for each shard is that of the complete cache, bit for bit")
  func waits() throws {
    let expected = try train(whole, MissingShards(), name: "run-whole").bits
    let failures = Mutex<[String]>([])
    let notices = Mutex<[MissingShards.Notice]>([])
    let missing = MissingShards(.wait, timeoutSeconds: 60) { notice in
      notices.withLock { $0.append(notice) }
    }
    // The teacher begins after the student, and writes the shards from the last to the first.
    let late = teacher
    let thread = Thread {
      do {
        Thread.sleep(forTimeInterval: 0.2)
        try late.begin()
        for index in late.indices.reversed() {
          Thread.sleep(forTimeInterval: 0.05)
          try late.seal(index)
        }
      } catch {
        failures.withLock { $0.append("\(error)") }
      }
    }
    thread.start()
    let reader = try missing.open(cache: incomplete)
    #expect(!reader.manifest.complete)
    let found = try train(reader, missing, name: "run-waiting")
    #expect(failures.withLock { $0 } == [])
    #expect(found.bits == expected)
    #expect(found.result.summary.skippedSequences == nil)
    let told = notices.withLock { $0 }
    #expect(told.first?.shard == nil, "first the tables are waited for")
    #expect(told.contains { $0.shard?.hasPrefix("shard-") == true })
    #expect(Set(told).count == told.count, "each is told once")
  }

  @Test("waiting ends where nobody fills the cache, and not as long as somebody does")
  func waitingEnds() throws {
    try teacher.begin()
    let missing = MissingShards(.wait, timeoutSeconds: 0.4)
    let reader = try missing.open(cache: incomplete)
    let source = try CacheBatchSource(
      reader: reader, configuration: configuration(), missing: missing)
    let error = #expect(throws: StudentTrainerError.self) { try source.batch(epoch: 0, index: 0) }
    #expect(error?.description.contains("no process is writing") == true)
    #expect(error?.description.contains("pipeline cache-teacher") == true)

    // Somebody holds a lock for longer than the timeout.
    let writer = try CacheWriter(folder: incomplete, specification: whole.specification)
    let late = teacher
    let held = Held(try writer.beginShard(0))
    let failures = Mutex<[String]>([])
    Thread.detachNewThread {
      Thread.sleep(forTimeInterval: 1.2)
      do {
        for index in late.indices { try late.seal(index) }
      } catch {
        failures.withLock { $0.append("\(error)") }
      }
      held.shard.close()
    }
    #expect(try source.batch(epoch: 0, index: 0) != nil)
    #expect(failures.withLock { $0 } == [])
  }

  @Test("a run that is stopped waits no longer")
  func stopping() throws {
    try teacher.begin()
    let missing = MissingShards(.wait)
    let source = try CacheBatchSource(
      reader: missing.open(cache: incomplete), configuration: configuration(), missing: missing)
    Thread.detachNewThread {
      Thread.sleep(forTimeInterval: 0.2)
      source.cancel()
    }
    #expect(throws: CancellationError.self) { try source.batch(epoch: 0, index: 0) }
  }

  @Test("skipped sequences are not trained on at all, and are counted")
  func skips() throws {
    try teacher.begin()
    let corpusShards = whole.specification.blocksPerShard.count
    // Of replica 0 the first and last shard, of replica 1 the second.
    let sealed = [0, corpusShards - 1, corpusShards + 1]
    for index in sealed { try teacher.seal(index) }
    let missing = MissingShards(.skip)
    let reader = try missing.open(cache: incomplete)
    let source = try CacheBatchSource(
      reader: reader, configuration: configuration(), missing: missing)
    let complete = try CacheBatchSource(reader: whole, configuration: configuration())
    var skipped = [0, 0]
    for epoch in 0..<2 {
      let (found, planned) = (
        try allBatches(source, epoch: epoch), try allBatches(complete, epoch: epoch)
      )
      #expect(found.count == planned.count)
      for (mine, theirs) in zip(found, planned) {
        let there = theirs.references.filter {
          sealed.contains(epoch * corpusShards + world.corpus.place(ofBlock: $0.block).shard)
        }
        #expect(mine.references == there)
        #expect(mine.skippedSequences == theirs.references.count - there.count)
        #expect(mine.packed.sequenceCount == there.count)
        #expect(mine.softIndexes.allSatisfy { $0 >= 0 })
        #expect(mine.softTargets.count == mine.rows.count)
        #expect(mine.teacherStates?.rows.count == mine.rows.count)
        skipped[epoch] += mine.skippedSequences
      }
      #expect(skipped[epoch] > 0 && skipped[epoch] < world.corpus.manifest.sequences)
    }
    #expect(source.identity["missing shards"] == "skip")

    let result = try train(reader, missing, name: "run-skipping").result
    let lines = try String(
      contentsOf: folder.url.appending(path: "run-skipping/metrics.jsonl"), encoding: .utf8
    ).split(separator: "\n").filter { $0.contains("skipped_sequences") }
    #expect(lines.count >= 2)
    #expect(lines[0].contains("\"epoch\":0") && lines[0].contains("\":\(skipped[0]),"))
    #expect(lines[1].contains("\"epoch\":1") && lines[1].contains("\":\(skipped[1]),"))
    #expect(try #require(result.summary.skippedSequences) >= skipped[0] + skipped[1])
  }

  @Test("where nothing is there to train on, skipping is an error")
  func skipsAll() throws {
    try teacher.begin()
    let missing = MissingShards(.skip)
    let error = #expect(throws: StudentTrainerError.self) {
      try train(missing.open(cache: incomplete), missing, name: "run")
    }
    #expect(error?.description.contains("in shards that are missing") == true)
  }

  @Test("without a choice an incomplete cache is refused")
  func fails() throws {
    try teacher.begin()
    try teacher.seal(0)
    #expect(throws: LogitCacheError.self) { try MissingShards().open(cache: incomplete) }
  }

  /// Handed to one thread.
  private final class Held: @unchecked Sendable {  // used by one thread at a time
    let shard: ShardWriter
    init(_ shard: ShardWriter) { self.shard = shard }
  }
}
