import Foundation
import GRDB

/// Rows and schemas that a sound writer does not make, in files that SQLite itself finds in order.
enum DatabaseMutation {
  private static let numbers = [
    "0", "-1", "1", "2", "255", "65536", "2147483646", "2147483647", "4294967296",
    "536870912", "536870913", "9223372036854775807", "-9223372036854775808", "1e300", "NULL",
    "'text'", "x''", "x'00'", "0.5", "zeroblob(100000)", "zeroblob(32)", "''",
  ]

  static func row(_ place: inout MutationPlace) throws {
    _ = place.chooseFile(shardsOnly: true)
    let value = numbers[place.choice(numbers.count)]
    let one =
      "rowid = (SELECT rowid FROM streams ORDER BY rowid LIMIT 1 OFFSET \(place.choice(20)))"
    let column =
      ["block", "name", "codec", "rawBytes", "checksum", "payload"][place.choice(6)]
    let key =
      ["shard.name", "shard.blocks", "shard.digest", "key", "kind", "replica"][place.choice(6)]
    let statements = [
      "UPDATE streams SET \(column) = \(value) WHERE \(one)",
      "UPDATE streams SET \(column) = \(value) WHERE \(one)",
      "UPDATE streams SET \(column) = \(value) WHERE \(one)",
      "UPDATE streams SET \(column) = (SELECT \(column) FROM streams LIMIT 1) WHERE \(one)",
      "UPDATE streams SET rawBytes = 256 * length(payload) WHERE \(one)",
      "UPDATE streams SET codec = 1 - codec WHERE \(one)",
      "UPDATE streams SET rowid = \(value) WHERE \(one)",
      "UPDATE streams SET payload = CAST(payload AS TEXT) WHERE \(one)",
      "UPDATE streams SET block = block + 2147483000",
      "UPDATE streams SET block = 2 * block",
      "DELETE FROM streams WHERE \(one)", "DELETE FROM streams", "DELETE FROM metadata",
      "INSERT INTO streams SELECT block + 1000000, name, codec, rawBytes, checksum, payload "
        + "FROM streams WHERE \(one)",
      "INSERT INTO streams SELECT block, name || '\u{0}x', codec, rawBytes, checksum, payload "
        + "FROM streams WHERE \(one)",
      "INSERT INTO streams SELECT block, 'extra', codec, rawBytes, checksum, payload "
        + "FROM streams WHERE \(one)",
      "UPDATE metadata SET value = \(value) WHERE key = '\(key)'",
      "UPDATE metadata SET value = value || 'x' WHERE key = '\(key)'",
      "INSERT OR REPLACE INTO metadata VALUES ('extra', hex(zeroblob(50000)))",
      "UPDATE metadata SET key = upper(key) WHERE key = '\(key)'",
    ]
    try run([statements[place.choice(statements.count)]], &place)
  }

  static func schema(_ place: inout MutationPlace) throws {
    _ = place.chooseFile(shardsOnly: true)
    let other = "SELECT 0, 'ids', 0, 4, zeroblob(32), zeroblob(4)"
    let endless =
      "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x, 'a', 0, 0, "
      + "zeroblob(32), x'' FROM c"
    let columns = "(block, name, codec, rawBytes, checksum, payload)"
    let edit = "PRAGMA writable_schema = ON"
    let lists = [
      ["CREATE TRIGGER t AFTER INSERT ON streams BEGIN DELETE FROM streams; END"],
      ["CREATE VIEW v AS SELECT * FROM streams"], ["CREATE TABLE extra (x)"],
      ["CREATE INDEX i ON streams (length(payload))"],
      ["CREATE INDEX i ON streams (checksum)"],
      ["ALTER TABLE streams ADD COLUMN x INTEGER GENERATED ALWAYS AS (block + 1) VIRTUAL"],
      ["ALTER TABLE streams ADD COLUMN x DEFAULT 5"],
      ["DROP TABLE streams", "CREATE VIEW streams \(columns) AS \(other)"],
      ["DROP TABLE streams", "CREATE VIEW streams \(columns) AS \(endless)"],
      ["DROP TABLE metadata"], ["DROP TABLE streams"],
      ["CREATE VIRTUAL TABLE f USING fts5(x)"], ["CREATE VIRTUAL TABLE r USING rtree(a, b, c)"],
      ["ANALYZE"], ["PRAGMA encoding = 'UTF-16'", "VACUUM"],
      ["PRAGMA auto_vacuum = FULL", "VACUUM"], ["PRAGMA schema_version = 77"],
      ["PRAGMA application_id = 1"], ["PRAGMA user_version = 2"],
      ["PRAGMA journal_mode = WAL"], ["PRAGMA page_size = 4096", "VACUUM"],
      [edit, "UPDATE sqlite_schema SET sql = replace(sql, 'NOT NULL', 'DEFAULT (1)')"],
      [edit, "UPDATE sqlite_schema SET rootpage = 2"], [edit, "DELETE FROM sqlite_schema"],
      [edit, "UPDATE sqlite_schema SET rootpage = 1 WHERE name = 'streams'"],
      [edit, "UPDATE sqlite_schema SET rootpage = 4 WHERE name = 'streams'"],
      [edit, "UPDATE sqlite_schema SET rootpage = 3 WHERE name = 'metadata'"],
      [edit, "UPDATE sqlite_schema SET type = 'view'"],
      [edit, "UPDATE sqlite_schema SET tbl_name = 'x', name = 'y' WHERE name = 'streams'"],
      [edit, "UPDATE sqlite_schema SET sql = NULL WHERE name = 'streams'"],
      [edit, "UPDATE sqlite_schema SET sql = hex(zeroblob(100000))"],
      [
        edit,
        "INSERT INTO sqlite_schema SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema",
      ],
      [
        edit,
        "INSERT INTO sqlite_schema SELECT 'index', 'z', 'streams', rootpage, NULL "
          + "FROM sqlite_schema LIMIT 1",
      ],
    ]
    try run(lists[place.choice(lists.count)], &place)
  }

  /// Runs statements on the file, mends the digest most of the time, and tells the manifest.
  private static func run(_ statements: [String], _ place: inout MutationPlace) throws {
    let url = place.url(place.file)
    try place.write(place.file, place.base.files[place.file] ?? [])
    place.what += statements.joined(separator: "; ")
    // The digest of rows without end is not to be had.
    let mends = !place.once(in: 4) && !statements.contains { $0.contains("RECURSIVE") }
    var digest: String?
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    do {
      let queue = try DatabaseQueue(path: url.path, configuration: configuration)
      // What SQLite refuses is not done.
      for statement in statements {
        try? queue.writeWithoutTransaction { try $0.execute(sql: statement) }
      }
      if mends {
        digest = try? queue.writeWithoutTransaction { db in
          guard let digest = try ShardDigest.compute(db) else { return nil }
          try db.execute(
            sql: "UPDATE metadata SET value = ? WHERE key = 'shard.digest'", arguments: [digest])
          return digest
        }
      }
      try? queue.close()
    }
    // Errors may be about what other files say of this one.
    place.isAlone = false
    let size = try FileManager.default.attributesOfItem(atPath: url.path)[.size] as? Int ?? 0
    try place.writeManifest(bytes: size, digest: digest)
  }
}
