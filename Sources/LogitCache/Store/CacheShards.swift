package import Foundation
package import ShardStore

/// The shards of a cache, one by one, whether the cache is complete or not.
///
/// The one place where the tools that look after caches know what a shard must carry.
package struct CacheShards: Sendable {
  /// The cache's folder.
  package let folder: URL
  /// What the manifest says.
  package let manifest: CacheManifest

  /// Reads the manifest of a folder.
  ///
  /// - Throws: `LogitCacheError`.
  package init(folder: URL) throws {
    self.folder = folder
    manifest = try CacheManifest.read(folder: folder)
  }

  /// What the cache holds.
  package var specification: CacheSpecification { manifest.specification }

  /// Number of shards when the cache is complete.
  package var count: Int { specification.shardCount }

  /// The shards that are sealed, ascending.
  package var sealed: [Int] { (0..<count).filter { isThere(name($0)) } }

  /// A shard's name, without `.sqlite`.
  package func name(_ index: Int) -> String { CacheFormat.shardName(index) }

  /// The name of the shard of tables.
  package static var tables: String { CacheFormat.tables }

  /// The name of the shard of lengths, which a cache that is being filled has.
  package static var sequences: String { CacheFormat.sequences }

  /// Where a shard's file lies, or would lie.
  package func file(_ name: String) -> URL { folder.appending(path: "\(name).sqlite") }

  /// Whether a file of that shard is there.
  package func isThere(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: file(name).path)
  }

  /// Where a shard stands among replicas and blocks.
  func place(_ index: Int) -> ShardPlace { ShardPlace(index, specification) }

  /// The replica, the corpus-wide number of block 0 and the number of blocks of a shard.
  package func position(ofShard index: Int) -> (replica: Int, firstBlock: Int, blocks: Int) {
    let place = place(index)
    return (place.replica, place.firstBlock, place.blocks)
  }

  /// The sets of kernels that computed a shard, as `KernelSet.name` has them; none where that is not
  /// known.
  package func kernels(ofShard index: Int) -> [String] {
    CacheTiming.kernels(folder: folder, shard: index)
  }

  /// The metadata that a shard must have.
  ///
  /// - Throws: `ShardStoreError`, `LogitCacheError` where the manifest does not say what the tables
  ///   are, and they cannot be opened.
  func metadata(_ index: Int) throws -> [String: String] {
    let tables =
      try manifest.tables?.digest ?? specification.tablesDigest ?? openTables().summary.digest
    return ShardKeys(specification, tables: tables).metadata(index)
  }

  /// Opens a shard and checks that it is the one that belongs there.
  ///
  /// - Throws: `ShardStoreError`, `LogitCacheError.wrongShard`.
  package func open(_ index: Int) throws -> ShardReader {
    let reader = try ShardReader(url: file(name(index)))
    try reader.require(try metadata(index))
    let place = place(index)
    try Self.require(place.name, "number of blocks", reader.blockCount, place.blocks)
    if manifest.complete {
      let expected = manifest.shards[index]
      try Self.require(place.name, "digest", reader.summary.digest, expected.digest)
      try Self.require(place.name, "size in bytes", reader.summary.bytes, expected.bytes)
      try Self.require(place.name, "number of rows", reader.rowCount, expected.rows)
    }
    return reader
  }

  /// Opens the tables and checks that they are those that belong there.
  ///
  /// - Throws: As `open`.
  package func openTables() throws -> ShardReader { try tablesReader().shard }

  /// A reader of the tables, which are those that belong there.
  ///
  /// - Throws: As `open`.
  func tablesReader() throws -> TablesReader {
    let reader = try TablesReader(folder: folder, specification: specification)
    if let expected = manifest.tables {
      let found = reader.shard.summary
      try Self.require(CacheFormat.tables, "digest", found.digest, expected.digest)
      try Self.require(CacheFormat.tables, "size in bytes", found.bytes, expected.bytes)
    }
    return reader
  }

  /// The tables, with which blocks are written.
  ///
  /// - Throws: As `open`.
  package func readTables() throws -> CacheTables { try tablesReader().allTables() }

  /// Begins a shard of the cache, afresh or resumed, in another folder.
  ///
  /// - Throws: `ShardStoreError`, `LogitCacheError`.
  func beginShard(_ index: Int, in folder: URL) throws -> ShardWriter {
    try ShardWriter(
      folder: folder, name: name(index), metadata: try metadata(index),
      recordedName: CacheFormat.recordedShardName)
  }

  /// Writes and seals the tables of the cache in another folder.
  ///
  /// - Throws: `ShardStoreError`; what `make` throws.
  func writeTables(in folder: URL, make: () throws -> CacheTables) throws {
    try CacheTables.write(folder: folder, specification: specification, make: make)
  }

  /// The decoder of a block of an open shard.
  func decoder(_ shard: ShardReader, block: Int, tables: CacheTables) -> SoftTargetDecoder {
    SoftTargetDecoder(
      shard: shard, block: block, specification: specification, order: tables.order,
      tables: tables.targets)
  }

  private static func require<Value: Equatable>(
    _ shard: String, _ what: String, _ found: Value, _ expected: Value
  ) throws {
    if found != expected {
      throw LogitCacheError.wrongShard(
        shard: shard, what: what, expected: "\(expected)", found: "\(found)")
    }
  }
}
