import Foundation
import GRDB

/// What a shard's tables hold, without the payloads: metadata and one entry a stream.
///
/// Every value comes from a file that may be damaged, so each is checked for its type and range.
struct ShardDirectory: Sendable {
  struct Key: Hashable, Sendable {
    var block: Int
    var name: String
  }

  struct Entry: Sendable {
    var row: Int64
    var codec: StreamCodec
    var rawBytes: Int
    var storedBytes: Int
    var checksum: [UInt8]
  }

  var metadata: [String: String] = [:]
  var entries: [Key: Entry] = [:]

  /// Number of blocks: one more than the largest block number.
  var blockCount: Int { (entries.keys.map(\.block).max() ?? -1) + 1 }

  /// Reads both tables.
  ///
  /// - Throws: `ShardStoreError`, or GRDB's error.
  init(_ db: Database, shard: String, limits: ShardLimits) throws {
    let metadataRows = try Row.fetchCursor(db, sql: "SELECT key, value FROM metadata")
    while let row = try metadataRows.next() {
      guard case .string(let key) = Self.value(row, 0), case .string(let value) = Self.value(row, 1)
      else { throw Self.damaged(shard, "a metadata row", "two texts", "another type") }
      metadata[key] = value
    }
    let streamRows = try Row.fetchCursor(
      db,
      sql: """
        SELECT rowid, block, name, codec, rawBytes, checksum, length(payload) FROM streams
        ORDER BY rowid
        """)
    while let row = try streamRows.next() {
      let (key, entry) = try Self.entry(row, shard: shard, limits: limits)
      guard entries.updateValue(entry, forKey: key) == nil else {
        throw Self.damaged(shard, "block \(key.block), stream '\(key.name)'", "there once", "twice")
      }
      if entries.count > limits.streams {
        throw Self.damaged(shard, "number of streams", "at most \(limits.streams)", "more")
      }
    }
  }

  /// The digest of the logical content; `docs/FORMAT.md` gives the bytes it covers.
  func digest() -> String {
    var digest = ContentDigest(domain: "decant shard 1")
    let pairs = metadata.filter { $0.key != ShardFormat.digestKey }
    digest.update(pairs.count)
    for (key, value) in pairs.sorted(by: { Self.precedes($0.key, $1.key) }) {
      digest.update(key)
      digest.update(value)
    }
    digest.update(entries.count)
    for (key, entry) in entries.sorted(by: { Self.precedes($0.key, $1.key) }) {
      digest.update(key.block)
      digest.update(key.name)
      digest.update(entry.rawBytes)
      digest.update(entry.checksum)
    }
    return digest.finalize()
  }

  private static func precedes(_ left: Key, _ right: Key) -> Bool {
    left.block != right.block ? left.block < right.block : precedes(left.name, right.name)
  }

  /// Order of the UTF-8 bytes, which other languages can follow.
  private static func precedes(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
  }

  private static func entry(
    _ row: Row, shard: String, limits: ShardLimits
  ) throws -> (Key, Entry) {
    guard case .int64(let id) = value(row, 0), case .int64(let block) = value(row, 1),
      case .string(let name) = value(row, 2), case .int64(let code) = value(row, 3),
      case .int64(let rawBytes) = value(row, 4), case .blob(let checksum) = value(row, 5),
      case .int64(let storedBytes) = value(row, 6)
    else { throw damaged(shard, "a row of streams", "the types of the schema", "another type") }
    guard (-1..<Int64(Int32.max)).contains(block), ShardFormat.isStreamName(name) else {
      throw damaged(shard, "a row of streams", "a block and a stream name", "\(block), '\(name)'")
    }
    func damagedStream(_ what: String, _ expected: String, _ found: String) -> ShardStoreError {
      .damagedStream(
        shard: shard, block: Int(block), stream: name, what: what, expected: expected, found: found)
    }
    guard let codec = StreamCodec(rawValue: code) else {
      throw damagedStream("codec", "0 or 1", "\(code)")
    }
    guard checksum.count == 32 else {
      throw damagedStream("length of the checksum", "32", "\(checksum.count)")
    }
    guard rawBytes <= limits.streamBytes else {
      throw ShardStoreError.streamTooLarge(
        shard: shard, block: Int(block), stream: name, bytes: Int(rawBytes),
        limit: limits.streamBytes)
    }
    // The payload is in the file, so this bounds what a wrong size can make a reader allocate.
    let most = (storedBytes + 1) * Int64(StreamCodec.largestExpansion)
    guard (0...most).contains(rawBytes) else {
      throw damagedStream("declared size", "0 to \(most) bytes", "\(rawBytes)")
    }
    let entry = Entry(
      row: id, codec: codec, rawBytes: Int(rawBytes), storedBytes: Int(storedBytes),
      checksum: [UInt8](checksum))
    return (Key(block: Int(block), name: name), entry)
  }

  private static func value(_ row: Row, _ column: Int) -> DatabaseValue.Storage {
    let value: DatabaseValue = row[column]
    return value.storage
  }

  private static func damaged(
    _ shard: String, _ what: String, _ expected: String, _ found: String
  ) -> ShardStoreError {
    .damagedDirectory(shard: shard, what: what, expected: expected, found: found)
  }
}
