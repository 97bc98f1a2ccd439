package import Foundation
import GRDB

/// Reads a sealed shard.
///
/// Owns one read-only connection to SQLite. Any thread may call it; payloads are fetched one after
/// the other, decoding and checksums run on the calling threads at once.
package final class ShardReader: Sendable {
  /// The file's name without `.sqlite`.
  package let name: String

  /// What the writer was given, without the container's own keys.
  package let metadata: [String: String]

  /// Number of blocks; they are numbered from 0.
  package let blockCount: Int

  /// What identifies the shard.
  package let summary: ShardSummary

  private let file: String
  private let queue: DatabaseQueue
  let directory: ShardDirectory
  private let namesOfBlock: [Int: [String]]

  /// Opens a shard and checks its header, its schema and the digest of its directory.
  ///
  /// The payloads are checked as they are read, or all at once by `verify()`.
  ///
  /// - Throws: `ShardStoreError`.
  package init(url: URL, limits: ShardLimits = ShardLimits()) throws {
    file = url.path
    let label = url.lastPathComponent
    let bytes = try ShardHeader.check(url)
    var configuration = Configuration()
    configuration.readonly = true
    configuration.label = label
    configuration.prepareDatabase { try UntrustedDatabase.prepare($0, limits: limits) }
    do {
      queue = try DatabaseQueue(
        path: UntrustedDatabase.immutable(url), configuration: configuration)
      directory = try queue.read { db in
        try UntrustedDatabase.checkSchema(db, file: url.path)
        return try ShardDirectory(db, shard: label, limits: limits)
      }
    } catch {
      throw SQLiteFailure.reading(url.path, error)
    }

    func require(_ what: String, _ found: String?, _ expected: String) throws {
      if found != expected {
        throw ShardStoreError.damagedDirectory(
          shard: label, what: what, expected: expected, found: found ?? "missing")
      }
    }
    let digest = directory.digest()
    try require("digest", directory.metadata[ShardFormat.digestKey], digest)
    try require(
      "number of blocks", directory.metadata[ShardFormat.blocksKey], "\(directory.blockCount)")
    // A block number is only as large as there are blocks, so that loops over them end.
    let present = Set(directory.entries.keys.map(\.block)).subtracting([ShardFormat.shardLevel])
    guard present.count == directory.blockCount else {
      throw ShardStoreError.damagedDirectory(
        shard: label, what: "number of blocks", expected: "\(directory.blockCount)",
        found: "\(present.count)")
    }
    guard directory.metadata[ShardFormat.nameKey] != nil else {
      throw ShardStoreError.damagedDirectory(
        shard: label, what: "name", expected: "present", found: "missing")
    }
    name = label.firstRange(of: ".sqlite").map { String(label[..<$0.lowerBound]) } ?? label
    blockCount = directory.blockCount
    metadata = directory.metadata.filter { !$0.key.hasPrefix(ShardFormat.reservedPrefix) }
    summary = ShardSummary(name: name, blocks: blockCount, bytes: bytes, digest: digest)
    namesOfBlock = Dictionary(grouping: directory.entries.keys, by: \.block)
      .mapValues { $0.map(\.name).sorted() }
  }

  /// The names of a block's streams, in order; empty where there is no such block.
  package func streamNames(block: Int) -> [String] { namesOfBlock[block] ?? [] }

  /// The names of the streams of the shard as a whole, in order.
  package var shardStreamNames: [String] { streamNames(block: ShardFormat.shardLevel) }

  /// The decoded bytes of a stream of a block, checked against their checksum.
  ///
  /// - Throws: `ShardStoreError.missingStream`, `.damagedStream` or `.unreadable`.
  package func stream(_ name: String, block: Int) throws -> [UInt8] {
    try streams([name], block: block)[0]
  }

  /// The decoded bytes of some streams of a block, all checked against their checksums; SQLite is asked
  /// for all of them in one turn.
  ///
  /// - Throws: As `stream(_:block:)`, of the first that is damaged.
  package func streams(_ names: [String], block: Int) throws -> [[UInt8]] {
    let entries = try names.map { (name: $0, entry: try entry($0, block: block)) }
    let payloads = try queue.unsafeRead { db in
      try entries.map { name, entry in try reporting(name, block) { try payload(entry, db) } }
    }
    return try zip(entries, payloads).map { stream, payload in
      try reporting(stream.name, block) {
        try StreamCodec.decode(
          payload, codec: stream.entry.codec, rawBytes: stream.entry.rawBytes,
          checksum: stream.entry.checksum)
      }
    }
  }

  private func entry(_ name: String, block: Int) throws -> ShardDirectory.Entry {
    guard let entry = directory.entries[.init(block: block, name: name)] else {
      throw ShardStoreError.missingStream(shard: self.name, block: block, stream: name)
    }
    return entry
  }

  /// Adds the place to what is wrong with a stream.
  private func reporting<Result>(
    _ name: String, _ block: Int, _ body: () throws -> Result
  ) throws -> Result {
    do {
      return try body()
    } catch let failure as LZ4Frame.Failure {
      throw damaged(block, name, failure.what, failure.expected, failure.found)
    } catch let error as DatabaseError {
      throw damaged(block, name, "payload", "readable", SQLiteFailure.reason(error))
    }
  }

  /// The decoded bytes of a stream that belongs to the shard as a whole.
  ///
  /// - Throws: As `stream(_:block:)`.
  package func shardStream(_ name: String) throws -> [UInt8] {
    try stream(name, block: ShardFormat.shardLevel)
  }

  /// Decoded size of a stream in bytes, without reading it; nil where there is none.
  package func rawBytes(_ name: String, block: Int) -> Int? {
    directory.entries[.init(block: block, name: name)]?.rawBytes
  }

  /// Size of a stream in the shard in bytes, without reading it; nil where there is none.
  package func storedBytes(_ name: String, block: Int) -> Int? {
    directory.entries[.init(block: block, name: name)]?.storedBytes
  }

  /// Reads and checks every stream.
  ///
  /// - Throws: `ShardStoreError` of the first that is damaged.
  package func verify() throws {
    for block in ShardFormat.shardLevel..<blockCount {
      for name in streamNames(block: block) { _ = try stream(name, block: block) }
    }
  }

  /// Sizes of the streams, by name, summed over the blocks.
  package func streamBytes() -> [String: StreamBytes] {
    var sizes: [String: StreamBytes] = [:]
    for (key, entry) in directory.entries {
      sizes[key.name, default: StreamBytes()] += StreamBytes(
        raw: entry.rawBytes, stored: entry.storedBytes)
    }
    return sizes
  }

  /// The stored bytes of a stream.
  func payload(_ entry: ShardDirectory.Entry) throws -> [UInt8] {
    // No transaction, here as elsewhere: the file is taken as one that never changes.
    try queue.unsafeRead { try payload(entry, $0) }
  }

  private func payload(_ entry: ShardDirectory.Entry, _ db: Database) throws -> [UInt8] {
    let statement = try db.cachedStatement(
      sql: "SELECT payload FROM streams WHERE rowid = ? AND typeof(payload) = 'blob'")
    // Copied once, from SQLite's memory, which is there as long as the cursor; a value of a database
    // would be another copy.
    let rows = try Row.fetchCursor(statement, arguments: [entry.row])
    let payload = try withExtendedLifetime(rows) {
      try rows.next()?.withUnsafeData(atIndex: 0) { data in data.map { [UInt8]($0) } }
    }
    guard let payload, payload.count == entry.storedBytes else {
      throw LZ4Frame.Failure(
        what: "payload", expected: "\(entry.storedBytes) bytes", found: "something else")
    }
    return payload
  }

  private func damaged(
    _ block: Int, _ stream: String, _ what: String, _ expected: String, _ found: String
  ) -> ShardStoreError {
    .damagedStream(
      shard: name, block: block, stream: stream, what: what, expected: expected, found: found)
  }
}
