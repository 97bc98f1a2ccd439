package import Corpus
package import Foundation
import Kernels
package import LogitCache
import ShardStore
import Transformer

/// Fills a cache from files of soft targets that another program has computed.
package struct CacheImport {
  /// Who gave the logits, as its owner describes it: `teacher.json`.
  package struct Teacher: Codable, Hashable, Sendable {
    /// The file's name.
    package static let fileName = "teacher.json"

    /// For example `bert-large-uncased`.
    package var name: String
    /// What tells its weights from others, best their SHA-256.
    package var digest: String
    /// Width of the hidden states.
    package var hiddenSize: Int
    /// Number of layers.
    package var layers: Int
    /// The arithmetic of its run, such as `bf16`.
    package var precision: String

    /// A teacher of those values.
    package init(
      name: String, digest: String, hiddenSize: Int, layers: Int, precision: String
    ) {
      self.name = name
      self.digest = digest
      self.hiddenSize = hiddenSize
      self.layers = layers
      self.precision = precision
    }

    private enum CodingKeys: String, CodingKey {
      case name, digest, layers, precision
      case hiddenSize = "hidden_size"
    }

    /// Reads the file of a folder.
    ///
    /// - Throws: `LogitCacheError.badImport`.
    package static func read(folder: URL) throws -> Teacher {
      let file = folder.appending(path: fileName)
      do {
        return try JSONDecoder().decode(Teacher.self, from: Data(contentsOf: file))
      } catch {
        throw LogitCacheError.badImport(
          file: file.path,
          reason: "missing, or not JSON of name, digest, hidden_size, layers and precision: write "
            + "it, or give all --teacher options.")
      }
    }
  }

  /// What the cache will hold.
  package let specification: CacheSpecification

  private let corpus: TokenizedCorpus
  private let description: InputDescription
  private let rule: MaskingRule
  private let tokenCounts: [UInt64]
  private let files: [ImportFile]
  private let wantsStates: Bool

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
    description = try InputDescription.read(folder: folder)
    try description.check(corpus.manifest, folder: folder)
    tokenCounts = try corpus.tokenCounts()
    rule = description.rule(try Masker(description.masks, tokenCounts: tokenCounts))
    wantsStates = states != .none
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
      .filter { $0.hasSuffix(".safetensors") }.sorted()
    files = try names.map { try ImportFile(folder.appending(path: $0)) }
      .sorted { ($0.replica, $0.firstBlock) < ($1.replica, $1.firstBlock) }
    let manifest = corpus.manifest
    guard let first = files.first else {
      throw LogitCacheError.badImport(file: folder.path, reason: "there is no .safetensors file.")
    }
    for file in files {
      if file.headK != first.headK {
        throw LogitCacheError.badImport(
          file: file.url.path,
          reason: "k is \(file.headK), but \(first.headK) in \(first.url.path).")
      }
      if wantsStates && !file.hasStates {
        throw LogitCacheError.badImport(
          file: file.url.path, reason: "the tensor 'states' [rows, hidden_size] is missing.")
      }
    }
    try Self.checkCoverage(
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
      target: TargetSpecification(headK: first.headK, step: step, tail: .scalars),
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

  /// The streams of a file's blocks.
  private func encode(_ file: ImportFile, _ tables: CacheTables) throws -> [[NamedStream]] {
    let (group, rows) = try read(file)
    var first = 0
    return try group.targets.map { target in
      let encoder = try SoftTargetEncoder(
        specification: specification, tables: tables, block: target)
      for row in 0..<encoder.rowCount {
        try add(row, from: first + row, of: rows, to: encoder)
      }
      first += encoder.rowCount
      return encoder.finish()
    }
  }

  /// A file's soft targets, and the sequences of the corpus that they belong to.
  private func read(_ file: ImportFile) throws -> (MaskedGroup, ImportFile.Rows) {
    let group = try MaskedGroup(
      BlockGroup(replica: file.replica, firstBlock: file.firstBlock, blocks: file.blocks),
      corpus: corpus, rule: rule)
    try file.check(group)
    let rows = try file.rows(
      vocabSize: specification.vocabSize, step: specification.target.step,
      wantsStates: wantsStates)
    let width = specification.teacher.hiddenSize
    if wantsStates && rows.width != width {
      throw LogitCacheError.badImport(
        file: file.url.path, reason: "'states' are \(rows.width) wide, the teacher \(width).")
    }
    return (group, rows)
  }

  private func add(
    _ row: Int, from source: Int, of rows: ImportFile.Rows, to encoder: SoftTargetEncoder
  ) throws {
    try rows.withRow(source) { ids, logits, tail in
      guard wantsStates else {
        return try encoder.add(row: row, headIDs: ids, headLogits: logits, tail: tail)
      }
      try rows.states[source * rows.width..<(source + 1) * rows.width].withUnsafeBufferPointer {
        try encoder.add(row: row, headIDs: ids, headLogits: logits, tail: tail, state: $0)
      }
    }
  }

  /// Files of which a sample is taken, and rows of each, evenly.
  private static let (sampledFiles, sampledRows) = (8, 1024)

  /// The codes and the order of tokens that fit the files' own rows.
  private func makeTables() throws -> CacheTables {
    let sample = TargetSample(
      target: specification.target, vocabSize: specification.vocabSize,
      hiddenSize: specification.teacher.hiddenSize)
    let fileCount = min(files.count, Self.sampledFiles)
    var number = 0
    for index in 0..<fileCount {
      let (_, rows) = try read(files[index * files.count / fileCount])
      let count = min(rows.count, Self.sampledRows)
      for row in 0..<count {
        try rows.withRow(row * rows.count / count) { ids, logits, tail in
          try sample.add(row: number, headIDs: ids, headLogits: logits, tail: tail)
        }
        number += 1
      }
    }
    return try CacheTables(
      specification: specification, samples: [sample], corpusCounts: tokenCounts, decoder: nil)
  }

  /// Every block of every replica is in one file, and no file goes over a shard's end.
  private static func checkCoverage(
    _ files: [ImportFile], folder: URL, blocksPerShard: [Int], replicas: Int
  ) throws {
    var next = 0
    let total = blocksPerShard.reduce(0, +)
    let ends = Set(blocksPerShard.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) })
    for file in files {
      let start = file.replica * total + file.firstBlock
      guard start == next, file.replica < replicas else {
        throw LogitCacheError.badImport(
          file: file.url.path,
          reason: start < next || file.replica >= replicas
            ? "its blocks are in another file too, or not in the corpus."
            : "block \(next % total) of replica \(next / total) is in no file before it.")
      }
      let inside = file.firstBlock + 1..<file.firstBlock + file.blocks
      guard file.firstBlock + file.blocks <= total, ends.isDisjoint(with: inside) else {
        throw LogitCacheError.badImport(
          file: file.url.path, reason: "its blocks are not those of one shard of the corpus.")
      }
      next += file.blocks
    }
    guard next == replicas * total else {
      throw LogitCacheError.badImport(
        file: folder.path,
        reason: "block \(next % total) of replica \(next / total), and what follows, is in no file."
      )
    }
  }
}
