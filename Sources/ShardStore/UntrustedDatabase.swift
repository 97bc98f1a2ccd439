import Foundation
import GRDB
import GRDBSQLite

/// How SQLite is told to read a file of unknown origin (sqlite.org/security.html).
///
/// `SQLITE_DBCONFIG_DEFENSIVE` is not among it: the function has variable arguments, which Swift
/// cannot call. It guards against statements of others; here there are only ours, on tables whose
/// schema is compared to the letter, and the connection cannot write.
enum UntrustedDatabase {
  /// A sealed shard's name for SQLite, as a file that never changes: no locks, and neither a journal
  /// nor a write-ahead log that lies beside it is looked at.
  ///
  /// Pages are read ahead of SQLite, where it asks for them in order.
  static func immutable(_ url: URL) -> String {
    guard sqlite3_compileoption_used("USE_URI") != 0 else { return url.path }
    let vfs = ShardFileSystem.name.map { "&vfs=\($0)" } ?? ""
    return url.absoluteURL.absoluteString + "?immutable=1" + vfs
  }

  /// Settings of a connection that only reads.
  static func prepare(_ db: Database, limits: ShardLimits) throws {
    // No memory map: a file that another process cuts would end this one with a bus error. The cache
    // is small, since every payload is read once.
    try db.execute(
      sql: """
        PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA query_only = ON;
        PRAGMA mmap_size = 0; PRAGMA cache_size = 64;
        """)
    for (limit, value) in [
      (SQLITE_LIMIT_LENGTH, Int32(limits.streamBytes) + 4096), (SQLITE_LIMIT_SQL_LENGTH, 4096),
      (SQLITE_LIMIT_COLUMN, 16), (SQLITE_LIMIT_EXPR_DEPTH, 16), (SQLITE_LIMIT_COMPOUND_SELECT, 2),
      (SQLITE_LIMIT_VDBE_OP, 1000), (SQLITE_LIMIT_FUNCTION_ARG, 4), (SQLITE_LIMIT_ATTACHED, 0),
      (SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 16), (SQLITE_LIMIT_VARIABLE_NUMBER, 16),
      (SQLITE_LIMIT_TRIGGER_DEPTH, 1), (SQLITE_LIMIT_WORKER_THREADS, 0),
    ] { sqlite3_limit(db.sqliteConnection, limit, value) }
  }

  /// Checks that the file has the two tables, to the letter, and nothing else.
  ///
  /// - Throws: `ShardStoreError.notAShard`, or GRDB's error.
  static func checkSchema(_ db: Database, file: String) throws {
    let values = try DatabaseValue.fetchAll(
      db, sql: "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")
    let found = values.map { value -> String in
      if case .string(let sql) = value.storage { sql } else { "not a text" }
    }
    if found != ShardFormat.schema {
      throw ShardStoreError.notAShard(
        file: file, field: "schema", expected: "tables metadata and streams",
        found: String(found.joined(separator: "; ").prefix(400)))
    }
  }
}
