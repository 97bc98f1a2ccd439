import GRDB
import ShardStore

/// The digest of a shard, as `docs/FORMAT.md` has it.
enum ShardDigest {
  /// The digest of what the tables hold; nil where a value is of a type that has none.
  static func compute(_ db: Database) throws -> String? {
    var digest = ContentDigest(domain: "decant shard 1")
    let pairs = try Row.fetchAll(
      db, sql: "SELECT key, value FROM metadata WHERE key <> 'shard.digest' ORDER BY key")
    digest.update(pairs.count)
    for pair in pairs {
      guard case .string(let key) = storage(pair, 0), case .string(let value) = storage(pair, 1)
      else { return nil }
      digest.update(key)
      digest.update(value)
    }
    let streams = try Row.fetchAll(
      db, sql: "SELECT block, name, rawBytes, checksum FROM streams ORDER BY block, name")
    digest.update(streams.count)
    for stream in streams {
      guard case .int64(let block) = storage(stream, 0),
        case .string(let name) = storage(stream, 1), case .int64(let raw) = storage(stream, 2),
        case .blob(let checksum) = storage(stream, 3)
      else { return nil }
      digest.update(Int(block))
      digest.update(name)
      digest.update(Int(raw))
      digest.update([UInt8](checksum))
    }
    return digest.finalize()
  }

  private static func storage(_ row: Row, _ column: Int) -> DatabaseValue.Storage {
    let value: DatabaseValue = row[column]
    return value.storage
  }
}
