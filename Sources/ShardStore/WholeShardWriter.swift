package import Foundation
import GRDB
import GRDBSQLite

/// Writes a shard in one go: it is there when it is sealed, and nothing of it before.
///
/// For owners that make a shard again after a kill instead of going on within it. Far cheaper than
/// `ShardWriter`, which commits every block: the database is made in memory, which holds the shard
/// twice at the end, and written as one piece. Owns a connection, and the file
/// `<name>.sqlite.sealing` while it seals; one caller at a time; the folder is the caller's alone.
package final class WholeShardWriter {
  /// The file's name without `.sqlite`.
  package let name: String

  private let files: ShardFiles
  private let limits: ShardLimits
  private var blocks = 0
  private var queue: DatabaseQueue?

  /// Begins a shard.
  ///
  /// - Parameters:
  ///   - folder: An existing folder, in which nobody else writes shards.
  ///   - name: For example `shard-00000`; a stream name in form.
  ///   - metadata: Kept in the shard and part of its digest. Keys must not begin with `shard.`.
  ///   - limits: Largest stream.
  /// - Throws: `ShardStoreError.diskFull`, `.notWritten`.
  package init(
    folder: URL, name: String, metadata: [String: String], limits: ShardLimits = ShardLimits()
  ) throws {
    precondition(ShardFormat.isStreamName(name), "'\(name)' is not a shard name")
    self.name = name
    self.limits = limits
    files = ShardFiles(folder: folder, name: name)
    var configuration = Configuration()
    configuration.label = name
    // The transaction stays open from here until the shard is sealed.
    configuration.allowsUnsafeTransactions = true
    configuration.prepareDatabase { db in
      try db.execute(
        sql: """
          PRAGMA page_size = \(ShardFormat.pageBytes); PRAGMA journal_mode = OFF;
          PRAGMA trusted_schema = OFF;
          """)
    }
    do {
      let queue = try DatabaseQueue(named: nil, configuration: configuration)
      self.queue = queue
      try queue.inDatabase { db in
        try db.execute(sql: "PRAGMA application_id = \(ShardFormat.applicationID)")
        try db.execute(sql: "PRAGMA user_version = \(ShardFormat.version)")
        try db.beginTransaction(.immediate)
        for statement in ShardFormat.schema { try db.execute(sql: statement) }
        let all = metadata.merging([ShardFormat.nameKey: name]) { first, _ in first }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) {
          try PartialShard.set(key, value, db)
        }
      }
    } catch {
      throw SQLiteFailure.writing(files.sealing.path, error)
    }
  }

  deinit { discard() }

  /// Adds the next block.
  ///
  /// - Throws: `ShardStoreError`; the shard cannot be sealed then.
  /// - Precondition: There is a stream, no two have the same name, and the shard is not sealed.
  package func append(block streams: [EncodedStream]) throws {
    precondition(!streams.isEmpty, "a block has at least one stream")
    try insert(streams, block: blocks)
    blocks += 1
  }

  /// Adds a stream that belongs to the shard and not to a block.
  ///
  /// - Throws: As `append(block:)`.
  package func appendShardStream(_ stream: EncodedStream) throws {
    try insert([stream], block: ShardFormat.shardLevel)
  }

  /// Completes the shard, opens it as a reader does, forces it to the disk and renames it to
  /// `<name>.sqlite`. The folder's entry is not forced to the disk, and the streams are not read
  /// again: their checksums are compared whenever they are.
  ///
  /// - Throws: `ShardStoreError`; nothing of the shard stays.
  package func seal() throws -> ShardSummary {
    let file = files.sealing.path
    do {
      try connection.inDatabase { db in
        try PartialShard.set(ShardFormat.blocksKey, "\(blocks)", db)
        let directory = try ShardDirectory(db, shard: name, limits: limits)
        try PartialShard.set(ShardFormat.digestKey, directory.digest(), db)
        try db.commit()
        try write(db, to: file)
      }
      try connection.close()
      queue = nil
    } catch {
      discard()
      throw SQLiteFailure.writing(file, error)
    }
    do {
      let reader = try ShardReader(url: files.sealing, limits: limits)
      try PosixFile.rename(file, to: files.sealed.path)
      return reader.summary
    } catch {
      discard()
      throw error
    }
  }

  /// Writes the database's pages, all at once.
  private func write(_ db: Database, to file: String) throws {
    var bytes: sqlite3_int64 = 0
    guard let pages = sqlite3_serialize(db.sqliteConnection, "main", &bytes, 0) else {
      throw ShardStoreError.notWritten(file: file, reason: "no memory for \(bytes) bytes")
    }
    defer { sqlite3_free(pages) }
    let output = try PosixFile(locking: file)
    try output.truncate()
    try output.write(UnsafeRawBufferPointer(start: pages, count: Int(bytes)))
    try output.synchronize()
    output.close()
  }

  private func discard() {
    try? queue?.close()
    queue = nil
    try? FileManager.default.removeItem(at: files.sealing)
  }

  private var connection: DatabaseQueue {
    guard let queue else { preconditionFailure("the shard is sealed") }
    return queue
  }

  private func insert(_ streams: [EncodedStream], block: Int) throws {
    for stream in streams where stream.encoded.rawBytes > limits.streamBytes {
      throw ShardStoreError.streamTooLarge(
        shard: name, block: block, stream: stream.encoded.name, bytes: stream.encoded.rawBytes,
        limit: limits.streamBytes)
    }
    do {
      try connection.inDatabase { db in
        try PartialShard.insert(streams, block: block, replacing: false, db)
      }
    } catch {
      throw SQLiteFailure.writing(files.sealing.path, error)
    }
  }
}
