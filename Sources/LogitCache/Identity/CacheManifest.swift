package import Foundation
package import ShardStore

/// What `manifest.json` says. The same cache has the same bytes of it, so no time is in it.
package struct CacheManifest: Codable, Hashable, Sendable {
  /// One shard of soft targets.
  package struct Shard: Codable, Hashable, Sendable {
    /// The file's name without `.sqlite`.
    package var name: String
    /// Number of blocks.
    package var blocks: Int
    /// Size of the file in bytes.
    package var bytes: Int
    /// Digest of the logical content.
    package var digest: String
    /// Mask replica.
    package var replica: Int
    /// Corpus-wide number of its block 0.
    package var firstBlock: Int
    /// Number of positions that keep a soft target.
    package var rows: Int

    var summary: ShardSummary {
      ShardSummary(name: name, blocks: blocks, bytes: bytes, digest: digest)
    }
  }

  /// `CacheFormat.version`.
  package var formatVersion: Int
  /// Identity of the cache.
  package var fingerprint: String
  /// What determines its bytes.
  package var specification: CacheSpecification
  /// Whether every shard is sealed; otherwise the lists are empty.
  package var complete: Bool
  /// The shard of tables; nil while incomplete.
  package var tables: ShardSummary?
  /// The shards in order; empty while incomplete.
  package var shards: [Shard]

  /// The manifest of a cache that has just been begun.
  package init(beginning specification: CacheSpecification) {
    formatVersion = CacheFormat.version
    fingerprint = specification.fingerprint()
    self.specification = specification
    complete = false
    tables = nil
    shards = []
  }

  /// Reads and checks the manifest of a folder.
  ///
  /// - Throws: `LogitCacheError.notACache` where there is none, `.damagedManifest`;
  ///   `ShardStoreError.unreadable`.
  package static func read(folder: URL) throws -> CacheManifest {
    let url = folder.appending(path: CacheFormat.manifest)
    guard FileManager.default.fileExists(atPath: url.path) else {
      throw LogitCacheError.notACache(
        folder: folder.path, reason: FolderKind.reasonWithoutManifest(folder))
    }
    func require(_ what: String, _ found: String, _ expected: String) throws {
      if found != expected {
        throw LogitCacheError.damagedManifest(
          file: url.path, what: what, expected: expected, found: found)
      }
    }
    let manifest: CacheManifest
    do {
      let data = try AtomicFile.read(url, mostBytes: CacheFormat.largestManifest)
      // The version first: another version may have other fields.
      let version = try JSONDecoder().decode(Version.self, from: data)
      if version.tokenizerDigest != nil {
        throw LogitCacheError.notACache(folder: folder.path, reason: "it is a tokenized corpus")
      }
      try require("formatVersion", "\(version.formatVersion)", "\(CacheFormat.version)")
      let decoder = JSONDecoder()
      decoder.userInfo[PlainValue.budgetKey] = PlainValue.Budget(values: CacheFormat.mostValues)
      manifest = try decoder.decode(CacheManifest.self, from: data)
    } catch let error as LogitCacheError {
      throw error
    } catch let error as ShardStoreError {
      throw error
    } catch DecodingError.keyNotFound(let key, _) {
      // A folder of something else, such as a corpus, has a manifest with other fields.
      throw LogitCacheError.damagedManifest(
        file: url.path, what: "field '\(key.stringValue)'", expected: "that of a logit cache",
        found: "missing")
    } catch {
      throw LogitCacheError.damagedManifest(
        file: url.path, what: "JSON", expected: "a manifest", found: "unreadable (\(error))")
    }
    try require("fingerprint", manifest.fingerprint, manifest.specification.fingerprint())
    do {
      try manifest.specification.validate()
    } catch LogitCacheError.invalidSpecification(let field, let reason) {
      throw LogitCacheError.damagedManifest(
        file: url.path, what: field, expected: "in its range", found: reason)
    }
    if manifest.complete { try manifest.checkLists(require) }
    return manifest
  }

  /// Writes the manifest; whole or not at all.
  func write(folder: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    try AtomicFile.write(
      try encoder.encode(self), to: folder.appending(path: CacheFormat.manifest))
  }

  /// The lists must be what the specification implies, so that a reader can rely on them.
  private func checkLists(_ require: (String, String, String) throws -> Void) throws {
    try require("number of shards", "\(shards.count)", "\(specification.shardCount)")
    try require("tables", tables?.name ?? "missing", CacheFormat.tables)
    var places = ShardPlace.Places(specification)
    for shard in shards {
      guard let place = places.next() else { break }
      try require("name of shard \(place.index)", shard.name, place.name)
      try require("blocks of \(place.name)", "\(shard.blocks)", "\(place.blocks)")
      try require("replica of \(place.name)", "\(shard.replica)", "\(place.replica)")
      try require("firstBlock of \(place.name)", "\(shard.firstBlock)", "\(place.firstBlock)")
      // So that sums over all shards stay far from the largest number.
      let rows = min(max(shard.rows, 0), CacheFormat.largestShardRows)
      try require("rows of \(place.name)", "\(shard.rows)", "\(rows)")
    }
  }

  private struct Version: Codable {
    var formatVersion: Int
    /// Of a corpus's manifest; a cache's is part of its specification.
    var tokenizerDigest: String?
  }
}

/// Where a shard stands among the replicas and the corpus's blocks.
struct ShardPlace {
  let index: Int
  let name: String
  let replica: Int
  let blocks: Int
  let firstBlock: Int

  init(_ index: Int, _ specification: CacheSpecification) {
    let corpusShard = index % specification.blocksPerShard.count
    self.init(
      index, specification,
      firstBlock: specification.blocksPerShard[..<corpusShard].reduce(0, +))
  }

  private init(_ index: Int, _ specification: CacheSpecification, firstBlock: Int) {
    let corpusShards = specification.blocksPerShard.count
    self.index = index
    name = CacheFormat.shardName(index)
    replica = index / corpusShards
    blocks = specification.blocksPerShard[index % corpusShards]
    self.firstBlock = firstBlock
  }

  /// All places in order, without adding the blocks up anew for each.
  struct Places: IteratorProtocol {
    private let specification: CacheSpecification
    private var index = 0
    private var firstBlock = 0

    init(_ specification: CacheSpecification) { self.specification = specification }

    mutating func next() -> ShardPlace? {
      guard index < specification.shardCount else { return nil }
      let place = ShardPlace(index, specification, firstBlock: firstBlock)
      index += 1
      firstBlock =
        index.isMultiple(of: specification.blocksPerShard.count) ? 0 : firstBlock + place.blocks
      return place
    }
  }
}
