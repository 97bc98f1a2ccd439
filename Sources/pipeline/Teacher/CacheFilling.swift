import Console
import Corpus
import Foundation
import Logging
import LogitCache
import TeacherCaching
import Transformer

/// Fills a cache: takes what other caches have, and runs the teacher on the rest.
struct CacheFilling {
  let teacher: MaskedLanguageModel
  let corpus: TokenizedCorpus
  let place: CachePlace
  let writer: CacheWriter
  let common: CommonOptions

  private var specification: CacheSpecification { place.specification }

  /// Does what is to be done for the shards of this process.
  func run() throws {
    try CacheFolder.copyTokenizer(of: corpus, to: place.folder)
    for source in place.sources { try writer.takeTables(from: source) }
    var pass = try TeacherPass(teacher: teacher, corpus: corpus, specification: specification)
    try writer.prepareTables {
      common.log.info("waiting for the process that writes the tables")
    } make: {
      try pass.makeTables()
    }
    pass.use(try writer.readTables())
    try pass.prepareSequences(writer) {
      common.log.info("waiting for the process that writes the sequences' lengths")
    }
    if case .partial(let sealed) = writer.state {
      common.log.info("resuming: \(sealed) of \(specification.shardCount) shards are sealed")
    }
    for source in place.sources { try take(from: source) }
    let left = writer.pendingShards
    if !common.quiet && !left.isEmpty {
      let estimate = try CacheEstimate(pass: pass, corpus: corpus)
      let rest =
        left.count < specification.shardCount
        ? " for the whole; \(left.count) of \(specification.shardCount) shards are left" : ""
      common.log.info("estimate: \(estimate.text)\(rest)")
    }
    if !left.isEmpty { try compute(pass) }
  }

  private func take(from source: ShardSource) throws {
    let bar = ProgressBar("taking shards", quiet: common.quiet)
    let result = try writer.takeShards(from: source) { done, all in
      bar.update(Double(done) / Double(all), "shard \(done)/\(all)")
    }
    bar.clear()
    for damage in result.damaged {
      common.log.warning("\(source.folder.path): a shard is computed anew: \(damage)")
    }
    if result.taken > 0 {
      common.log.info(
        "\(result.taken) of \(specification.shardCount) shards taken from \(source.folder.path)")
    }
  }

  private func compute(_ pass: TeacherPass) throws {
    let bar = ProgressBar("cache-teacher", quiet: common.quiet)
    let result = try pass.fill(writer) { shards in
      bar.clear()
      common.log.info(
        "waiting for \(Format.count(shards.count, "shard")) that others are writing, from number \(shards[0])"
      )
    } progress: { state in
      let total = Double(max(state.totalBlocks, 1))
      bar.resume(at: Double(state.resumedBlocks) / total)
      let rate = Int(Double(state.rows) / max(bar.elapsedSeconds, 1e-3))
      bar.update(
        Double(state.blocks) / total,
        "block \(state.blocks)/\(state.totalBlocks), \(Format.count(rate)) positions/s")
    }
    bar.finish("\(Format.count(result.rows)) positions")
  }
}
