import Foundation
import GRDB

/// The names under which a shard lies in its folder.
struct ShardFiles {
  let sealed: URL
  let partial: URL
  let sealing: URL

  init(folder: URL, name: String) {
    sealed = folder.appending(path: "\(name).sqlite")
    partial = folder.appending(path: "\(name).sqlite.partial")
    sealing = folder.appending(path: "\(name).sqlite.sealing")
  }

  /// Removes SQLite's logs of the partial shard.
  func removeLogs() {
    for suffix in ["-wal", "-shm", "-journal"] {
      try? FileManager.default.removeItem(atPath: partial.path + suffix)
    }
  }

  /// Removes the partial shard and all that belongs to it; the caller holds its lock.
  func removePartial() {
    removeLogs()
    try? FileManager.default.removeItem(at: sealing)
    try? FileManager.default.removeItem(at: partial)
  }
}

/// Begins or resumes the SQLite file of a shard that is being written.
struct PartialShard {
  let files: ShardFiles
  let limits: ShardLimits
  let maximumPages: Int?

  /// Why a partial shard cannot be used; the writer then begins afresh.
  private struct Unusable: Error {}

  /// Creates the tables in an empty file.
  func begin(metadata: [String: String]) throws -> DatabaseQueue {
    let queue = try connect()
    try queue.write { db in
      try db.execute(sql: "PRAGMA application_id = \(ShardFormat.applicationID)")
      try db.execute(sql: "PRAGMA user_version = \(ShardFormat.version)")
      for statement in ShardFormat.schema { try db.execute(sql: statement) }
      for (key, value) in metadata { try Self.set(key, value, db) }
    }
    return queue
  }

  /// Opens what another process left.
  ///
  /// - Returns: The connection and the number of blocks committed.
  /// - Throws: Anything, where the file is not a partial shard of this metadata.
  func resume(metadata: [String: String]) throws -> (DatabaseQueue, blocks: Int) {
    let attributes = try FileManager.default.attributesOfItem(atPath: files.partial.path)
    let log = files.partial.path + "-wal"
    let isEmpty = attributes[.size] as? Int == 0
    if isEmpty && !FileManager.default.fileExists(atPath: log) { throw Unusable() }
    let queue = try connect()
    let blocks = try queue.read { db in
      guard try Int32.fetchOne(db, sql: "PRAGMA application_id") == ShardFormat.applicationID,
        try Int32.fetchOne(db, sql: "PRAGMA user_version") == ShardFormat.version
      else { throw Unusable() }
      try UntrustedDatabase.checkSchema(db, file: files.partial.path)
      let directory = try ShardDirectory(db, shard: files.partial.lastPathComponent, limits: limits)
      let kept = directory.metadata.filter {
        $0.key != ShardFormat.blocksKey && $0.key != ShardFormat.digestKey
      }
      let blocks = directory.blockCount
      let present = Set(directory.entries.keys.map(\.block))
      guard kept == metadata, (0..<blocks).allSatisfy(present.contains) else { throw Unusable() }
      return blocks
    }
    return (queue, blocks)
  }

  /// Sets a metadata value.
  static func set(_ key: String, _ value: String, _ db: Database) throws {
    try db.execute(
      sql: """
        INSERT INTO metadata (key, value) VALUES (?, ?)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value
        """, arguments: [key, value])
  }

  /// Adds the streams of a block.
  ///
  /// - Parameters:
  ///   - streams: The streams.
  ///   - block: The block's number.
  ///   - replacing: Whether a stream that is there is written over; it keeps its row, so that a
  ///     resumed run leaves the same bytes.
  ///   - db: The shard.
  /// - Throws: GRDB's error.
  static func insert(
    _ streams: [EncodedStream], block: Int, replacing: Bool, _ db: Database
  ) throws {
    let update = """
      ON CONFLICT (block, name) DO UPDATE SET codec = excluded.codec,
      rawBytes = excluded.rawBytes, checksum = excluded.checksum, payload = excluded.payload
      """
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO streams (block, name, codec, rawBytes, checksum, payload)
        VALUES (?, ?, ?, ?, ?, ?) \(replacing ? update : "")
        """)
    for stream in streams.map(\.encoded) {
      try statement.execute(arguments: [
        block, stream.name, stream.codec.rawValue, stream.rawBytes, stream.checksum,
        stream.payload,
      ])
    }
  }

  private func connect() throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.label = files.partial.lastPathComponent
    configuration.prepareDatabase { [maximumPages] db in
      // A write-ahead log makes a commit one append, and with NORMAL it is consistent, if not the
      // newest, after a power failure. In exclusive mode it needs no shared memory, so that it works
      // on network file systems too.
      try db.execute(
        sql: """
          PRAGMA page_size = \(ShardFormat.pageBytes); PRAGMA locking_mode = EXCLUSIVE;
          PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF;
          PRAGMA wal_autocheckpoint = 8192;
          """)
      if let maximumPages { try db.execute(sql: "PRAGMA max_page_count = \(maximumPages)") }
    }
    return try DatabaseQueue(path: files.partial.path, configuration: configuration)
  }
}
