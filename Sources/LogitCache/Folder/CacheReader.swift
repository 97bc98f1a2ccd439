package import Foundation
package import ShardStore
import Synchronization

/// Reads a cache; of one that is being written, the shards that are sealed. Any thread may call it.
package final class CacheReader: Sendable {
  /// What the manifest says.
  package let manifest: CacheManifest
  /// The order in which the cache numbers tokens.
  package let order: IDOrder

  /// The cache's folder.
  package let folder: URL
  private let tables: TablesReader
  private let targets: [TargetTables]
  private let keys: ShardKeys
  /// Of an incomplete cache; a complete one has the lengths in its shards.
  private let sequences: CacheSequences?
  private let firstBlocks: [Int]
  private let opened = Mutex<[Int: ShardReader]>([:])

  /// Shards kept open at once, which bounds descriptors and memory.
  private static let mostOpened = 64

  /// Opens a cache: checks the manifest, its fingerprint, the tables and the files' sizes.
  ///
  /// Shards are checked against the manifest as they are opened, streams as they are read.
  ///
  /// - Parameters:
  ///   - folder: The cache's folder.
  ///   - allowsMissing: Whether shards may be missing, so that it has to be asked before a block is
  ///     read; what all shards share has to be there, see `canServe(folder:)`.
  /// - Throws: `LogitCacheError`, `.incomplete` where something is missing that may not be;
  ///   `ShardStoreError`.
  package init(folder: URL, allowsMissing: Bool = false) throws {
    self.folder = folder
    manifest = try CacheManifest.read(folder: folder)
    let specification = manifest.specification
    guard manifest.complete || (allowsMissing && Self.canServe(folder: folder)) else {
      // By the names that are there: a manifest may declare any number of shards.
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
      let sealed = names.count { $0.hasPrefix("shard-") && $0.hasSuffix(".sqlite") }
      throw LogitCacheError.incomplete(
        folder: folder.path, sealed: sealed, total: specification.shardCount)
    }
    for shard in manifest.shards {
      try Self.checkSize(folder.appending(path: "\(shard.name).sqlite"), bytes: shard.bytes)
    }
    tables = try TablesReader(folder: folder, specification: specification)
    if let expected = manifest.tables { try Self.require(tables.shard.summary, expected) }
    keys = ShardKeys(specification, tables: tables.shard.summary.digest)
    sequences =
      manifest.complete
      ? nil : try CacheSequences(folder: folder, specification: specification)
    order = try tables.order()
    targets = try tables.targets()
    firstBlocks = specification.blocksPerShard.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) }
  }

  /// What the cache holds.
  package var specification: CacheSpecification { manifest.specification }

  /// The folder's path, for messages.
  var folderPath: String { folder.path }

  /// Number of mask replicas.
  package var replicas: Int { specification.replicas }

  /// Number of blocks of one replica; they are the corpus's.
  package var blockCount: Int { specification.blockCount }

  /// Whether a folder holds what a reader needs to begin: a complete cache, or one that is being
  /// written and has its tables and the lengths of its sequences.
  package static func canServe(folder: URL) -> Bool {
    guard let manifest = try? CacheManifest.read(folder: folder) else { return false }
    return manifest.complete
      || [CacheFormat.tables, CacheFormat.sequences].allSatisfy {
        FileManager.default.fileExists(atPath: folder.appending(path: "\($0).sqlite").path)
      }
  }

  /// Whether the shard that holds a block is there; always true of a complete cache.
  ///
  /// - Precondition: Block and replica exist.
  package func isSealed(block: Int, replica: Int) -> Bool {
    if manifest.complete { return true }
    let index = place(block, replica).shard
    return opened.withLock { $0[index] != nil } || Self.isThere(index, in: folder)
  }

  /// The name of the shard that holds a block, for messages and locks.
  ///
  /// - Precondition: Block and replica exist.
  package func shardName(block: Int, replica: Int) -> String {
    CacheFormat.shardName(place(block, replica).shard)
  }

  /// Occurrences of each token ID, of an incomplete cache whose masks they weight.
  ///
  /// - Throws: `ShardStoreError`, `LogitCacheError.wrongShard`.
  package func keptTokenCounts() throws -> [UInt64]? { try sequences?.tokenCounts() }

  /// Number of positions that keep a soft target, over all replicas; 0 of an incomplete cache.
  package var rowCount: Int { manifest.shards.reduce(0) { $0 + $1.rows } }

  /// Seconds that the teacher took, over all workers and runs.
  package var teacherSeconds: Double { CacheTiming.total(folder: folder) }

  /// Tokens of each sequence of a block.
  ///
  /// - Throws: `ShardStoreError`, `LogitCacheError`.
  /// - Precondition: The block exists.
  package func lengths(block: Int) throws -> [Int32] {
    guard let sequences else { return try decoder(block, replica: 0).lengths() }
    let place = place(block, 0)
    return try sequences.lengths(corpusShard: place.shard, block: place.block)
  }

  /// The soft targets of a block under a mask replica.
  ///
  /// - Throws: `ShardStoreError`, `LogitCacheError`, naming shard, block and stream.
  /// - Precondition: Block and replica exist.
  package func readBlock(
    _ block: Int, replica: Int, options: ReadOptions = ReadOptions()
  ) throws -> SoftTargetBlock {
    let decoder = try decoder(block, replica: replica)
    let targets = try decoder.decode(options)
    if sequences != nil {
      let expected = try lengths(block: block)
      guard targets.lengths == expected else {
        throw decoder.streams.damaged(
          StreamName.lengths, "lengths", "those in '\(CacheFormat.sequences)'", "others")
      }
    }
    return targets
  }

  /// The rows of a block that keep their full logits.
  ///
  /// - Throws: As `readBlock`.
  package func auditRows(block: Int, replica: Int) throws -> [AuditRow] {
    try decoder(block, replica: replica).auditRows().map {
      AuditRow(block: block, replica: replica, row: $0.row, logits: $0.logits)
    }
  }

  /// The teacher's output matrix and bias.
  ///
  /// - Throws: `LogitCacheError.notKept` for another tail than `hidden`; `ShardStoreError`.
  package func readDecoder() throws -> DecoderTable {
    guard specification.targets.contains(where: { $0.tail == .hidden }) else {
      throw LogitCacheError.notKept(what: "the teacher's output matrix", folder: folder.path)
    }
    return try tables.decoder()
  }

  /// The matrix that makes logits of the coefficients of a class of positions.
  ///
  /// - Throws: `LogitCacheError.notKept` for another tail than `lowrank`; `ShardStoreError`.
  package func readLowRankDecoder(ofClass index: Int = 0) throws -> LowRankDecoder {
    guard specification.targets[index].tail == .lowrank else {
      throw LogitCacheError.notKept(what: "a low-rank basis", folder: folder.path)
    }
    return try tables.lowRankDecoder(ofClass: index)
  }

  /// Reads and checks everything: every stream's checksum and the agreement of all streams.
  ///
  /// - Throws: `ShardStoreError`, `LogitCacheError` of the first that is damaged.
  package func verify() throws {
    try tables.shard.verify()
    for replica in 0..<replicas {
      for block in 0..<blockCount {
        _ = try readBlock(block, replica: replica)
        _ = try auditRows(block: block, replica: replica)
      }
    }
  }

  /// Sizes of the streams by name, summed over all shards.
  ///
  /// - Throws: `ShardStoreError`.
  package func streamBytes() throws -> [String: StreamBytes] {
    var sizes: [String: StreamBytes] = [:]
    for index in manifest.shards.indices {
      for (name, size) in try shard(index).streamBytes() {
        sizes[name, default: StreamBytes()] += size
      }
    }
    return sizes
  }

  /// The shard that holds a block, and the decoder of the block in it.
  private func decoder(_ block: Int, replica: Int) throws -> SoftTargetDecoder {
    let place = place(block, replica)
    return SoftTargetDecoder(
      shard: try shard(place.shard), block: place.block, specification: specification,
      order: order, tables: targets)
  }

  /// The shard that holds a block, the block's number in it, and what its classes share.
  func targetStreams(block: Int, replica: Int) throws -> (
    shard: ShardReader, block: Int, targets: [(prefix: String, tables: TargetTables)]
  ) {
    let place = place(block, replica)
    return (
      try shard(place.shard), place.block,
      targets.enumerated().map { (StreamName.prefix(ofClass: $0), $1) }
    )
  }

  /// The shard that holds a block, and the block's number in it.
  private func place(_ block: Int, _ replica: Int) -> (shard: Int, block: Int) {
    precondition((0..<blockCount).contains(block), "block \(block) of \(blockCount)")
    precondition((0..<replicas).contains(replica), "replica \(replica) of \(replicas)")
    // The last corpus shard whose first block is not past this one.
    var low = 0
    var high = firstBlocks.count - 1
    while high - low > 1 {
      let middle = (low + high) / 2
      if firstBlocks[middle] <= block { low = middle } else { high = middle }
    }
    return (replica * specification.blocksPerShard.count + low, block - firstBlocks[low])
  }

  private func shard(_ index: Int) throws -> ShardReader {
    if let reader = opened.withLock({ $0[index] }) { return reader }
    let place = ShardPlace(index, specification)
    let reader = try ShardReader(url: folder.appending(path: "\(place.name).sqlite"))
    func require(_ what: String, _ expected: Int, _ found: Int) throws {
      if expected != found {
        throw LogitCacheError.wrongShard(
          shard: place.name, what: what, expected: "\(expected)", found: "\(found)")
      }
    }
    if manifest.complete {
      try Self.require(reader.summary, manifest.shards[index].summary)
      try require("number of rows", manifest.shards[index].rows, reader.rowCount)
    }
    try require("number of blocks", place.blocks, reader.blockCount)
    try reader.require(keys.metadata(index))
    opened.withLock { opened in
      if opened.count >= Self.mostOpened, let other = opened.keys.first { opened[other] = nil }
      opened[index] = reader
    }
    return reader
  }

  private static func require(_ found: ShardSummary, _ expected: ShardSummary) throws {
    let shard = expected.name
    for (what, expected, found) in [
      ("name", expected.name, found.name), ("digest", expected.digest, found.digest),
      ("number of blocks", "\(expected.blocks)", "\(found.blocks)"),
      ("size in bytes", "\(expected.bytes)", "\(found.bytes)"),
    ] where expected != found {
      throw LogitCacheError.wrongShard(
        shard: shard, what: what, expected: expected, found: found)
    }
  }

  private static func isThere(_ index: Int, in folder: URL) -> Bool {
    let file = folder.appending(path: "\(CacheFormat.shardName(index)).sqlite")
    return FileManager.default.fileExists(atPath: file.path)
  }

  private static func checkSize(_ file: URL, bytes: Int) throws {
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: file.path),
      let found = attributes[.size] as? Int
    else { throw ShardStoreError.notFound(file: file.path) }
    if found != bytes {
      throw ShardStoreError.wrongFileSize(
        file: file.path, expectedBytes: bytes, foundBytes: found)
    }
  }
}
