package import Foundation
package import ShardStore
import Synchronization

/// Reads a complete cache. Any thread may call it.
package final class CacheReader: Sendable {
  /// What the manifest says.
  package let manifest: CacheManifest
  /// The order in which the cache numbers tokens.
  package let order: IDOrder

  private let folder: URL
  private let tables: TablesReader
  private let targets: [TargetTables]
  private let firstBlocks: [Int]
  private let opened = Mutex<[Int: ShardReader]>([:])

  /// Shards kept open at once, which bounds descriptors and memory.
  private static let mostOpened = 64

  /// Opens a cache: checks the manifest, its fingerprint, the tables and the files' sizes.
  ///
  /// Shards are checked against the manifest as they are opened, streams as they are read.
  ///
  /// - Throws: `LogitCacheError`, `ShardStoreError`.
  package init(folder: URL) throws {
    self.folder = folder
    manifest = try CacheManifest.read(folder: folder)
    let specification = manifest.specification
    guard manifest.complete, let expectedTables = manifest.tables else {
      let sealed = (0..<specification.shardCount).count {
        let file = folder.appending(path: "\(CacheFormat.shardName($0)).sqlite")
        return FileManager.default.fileExists(atPath: file.path)
      }
      throw LogitCacheError.incomplete(
        folder: folder.path, sealed: sealed, total: specification.shardCount)
    }
    for shard in manifest.shards {
      try Self.checkSize(folder.appending(path: "\(shard.name).sqlite"), bytes: shard.bytes)
    }
    tables = try TablesReader(
      folder: folder, specification: specification, fingerprint: manifest.fingerprint)
    try Self.require(tables.shard.summary, expectedTables)
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

  /// Number of positions that keep a soft target, over all replicas.
  package var rowCount: Int { manifest.shards.reduce(0) { $0 + $1.rows } }

  /// Seconds that the teacher took, over all workers and runs.
  package var teacherSeconds: Double { CacheTiming.total(folder: folder) }

  /// Tokens of each sequence of a block.
  ///
  /// - Throws: `ShardStoreError`, `LogitCacheError`.
  /// - Precondition: The block exists.
  package func lengths(block: Int) throws -> [Int32] {
    try decoder(block, replica: 0).lengths()
  }

  /// The soft targets of a block under a mask replica.
  ///
  /// - Throws: `ShardStoreError`, `LogitCacheError`, naming shard, block and stream.
  /// - Precondition: Block and replica exist.
  package func readBlock(
    _ block: Int, replica: Int, options: ReadOptions = ReadOptions()
  ) throws -> SoftTargetBlock {
    try decoder(block, replica: replica).decode(options)
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
    precondition((0..<blockCount).contains(block), "block \(block) of \(blockCount)")
    precondition((0..<replicas).contains(replica), "replica \(replica) of \(replicas)")
    // The last corpus shard whose first block is not past this one.
    var low = 0
    var high = firstBlocks.count - 1
    while high - low > 1 {
      let middle = (low + high) / 2
      if firstBlocks[middle] <= block { low = middle } else { high = middle }
    }
    let index = replica * specification.blocksPerShard.count + low
    return SoftTargetDecoder(
      shard: try shard(index), block: block - firstBlocks[low], specification: specification,
      order: order, tables: targets)
  }

  private func shard(_ index: Int) throws -> ShardReader {
    if let reader = opened.withLock({ $0[index] }) { return reader }
    let expected = manifest.shards[index]
    let reader = try ShardReader(url: folder.appending(path: "\(expected.name).sqlite"))
    try Self.require(reader.summary, expected.summary)
    try reader.require(
      CacheFormat.shardMetadata(
        fingerprint: manifest.fingerprint, shard: index, replica: expected.replica))
    let rows = reader.rowCount
    guard rows == expected.rows else {
      throw LogitCacheError.wrongShard(
        shard: expected.name, what: "number of rows", expected: "\(expected.rows)",
        found: "\(rows)")
    }
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
