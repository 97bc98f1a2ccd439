package import Corpus
package import Foundation
import Kernels
package import LogitCache
import ShardStore
import Transformer

/// Fills a cache from files of soft targets that another program has computed.
package struct CacheImport {
  /// What the cache will hold.
  package let specification: CacheSpecification

  let corpus: TokenizedCorpus
  let rule: MaskingRule
  let tokenCounts: [UInt64]
  let files: [ImportFile]
  let wantsStates: Bool

  /// Reads the headers of all files and checks that together they are the whole corpus.
  ///
  /// - Parameters:
  ///   - folder: Files as `docs/import.md` describes them, and `inputs.json`.
  ///   - corpus: The corpus from which the inputs were written.
  ///   - teacher: Who gave the logits.
  ///   - step: Quantisation step of the head.
  ///   - states: How hidden states are kept, where the files have them.
  /// - Throws: `LogitCacheError.badImport`, `.mismatch`, `.invalidSpecification`; `CorpusError`.
  package init(
    folder: URL, corpus: TokenizedCorpus, teacher: Teacher, step: Double, states: StateStorage
  ) throws {
    self.corpus = corpus
    let description = try InputDescription.read(folder: folder)
    try description.check(corpus.manifest, folder: folder)
    tokenCounts = try corpus.tokenCounts()
    rule = description.rule(try Masker(description.masks, tokenCounts: tokenCounts))
    wantsStates = states != .none
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
      .filter { $0.hasSuffix(".safetensors") }.sorted()
    files = try names.map { try ImportFile(folder.appending(path: $0)) }
      .sorted { ($0.replica, $0.firstBlock) < ($1.replica, $1.firstBlock) }
    let manifest = corpus.manifest
    let headK = try ImportFile.headK(of: files, folder: folder, wantsStates: wantsStates)
    try ImportFile.checkCoverage(
      files, folder: folder, blocksPerShard: manifest.shards.map(\.blocks),
      replicas: description.masks.replicas)
    var digest = ContentDigest(domain: "decant import 1")
    for file in files { digest.update(try ContentDigest.file(file.url)) }
    var specification = CacheSpecification(
      tokenizerDigest: manifest.tokenizerDigest, vocabSize: manifest.vocabSize,
      corpusDigest: manifest.digest, sequences: manifest.sequences,
      blocksPerShard: manifest.shards.map(\.blocks), corpusShards: manifest.shards.map(\.digest),
      weightingCorpus: description.masks.frequencyExponent > 0 ? manifest.digest : nil,
      teacher: CacheSpecification.Teacher(
        configurationDigest: try PlainValue(encoding: teacher).digest(),
        weightDigest: teacher.digest, architecture: teacher.name, hiddenSize: teacher.hiddenSize,
        layers: teacher.layers),
      precision: teacher.precision, mask: try PlainValue(encoding: description.masks),
      replicas: description.masks.replicas, positions: description.positions,
      target: TargetSpecification(headK: headK, step: step, tail: .scalars),
      otherShare: description.otherShare, states: states, auditRowsPerShard: 0)
    specification.derivedFrom = CacheOrigin(importedDigest: digest.finalize())
    try specification.validate()
    self.specification = specification
  }

  /// Reads all files and checks sequences, rows and ranges, so that a cache is begun only where it can
  /// be finished.
  ///
  /// - Parameter progress: Receives the number of files that are checked, of how many.
  /// - Throws: `LogitCacheError.badImport`, naming file and row; `CorpusError`.
  package func check(progress: (Int, Int) -> Void = { _, _ in }) throws {
    for (index, file) in files.enumerated() {
      _ = try read(file)
      progress(index + 1, files.count)
    }
  }

  /// Fills the cache; goes on where an interrupted call stopped.
  ///
  /// - Parameters:
  ///   - folder: Empty, missing, or the same cache.
  ///   - progress: Receives the number of blocks that are done, of how many.
  /// - Returns: The manifest, or nil where another process still fills shards.
  /// - Throws: `LogitCacheError.badImport`, naming file and row; `.badTarget`; `CorpusError`,
  ///   `ShardStoreError`.
  package func write(
    to folder: URL, progress: (Int, Int) -> Void = { _, _ in }
  ) throws -> CacheManifest? {
    let writer = try CacheWriter(folder: folder, specification: specification)
    try writer.prepareTables { try makeTables() }
    let tables = try writer.readTables()
    let pending = writer.pendingShards
    let total = pending.reduce(0) { $0 + writer.place(ofShard: $1).blocks }
    var done = 0
    for index in pending {
      let place = writer.place(ofShard: index)
      let shard = try writer.beginShard(index)
      defer { shard.close() }
      let blocks = place.firstBlock..<place.firstBlock + place.blocks
      for file in files
      where file.replica == place.replica && blocks.contains(file.firstBlock) {
        let end = file.firstBlock + file.blocks - place.firstBlock
        if end > shard.committedBlocks {
          let streams = try encode(file, tables)
          for block in streams.suffix(end - shard.committedBlocks) {
            try shard.append(block: block)
          }
        }
        done += file.blocks
        progress(done, total)
      }
      _ = try shard.seal()
    }
    return try writer.finish()
  }
}
