import Foundation
import GRDB

/// Turns what SQLite reports into the module's error.
enum SQLiteFailure {
  /// The error of a failed write to a file.
  static func writing(_ file: String, _ error: any Error) -> any Error {
    guard let error = error as? DatabaseError else { return error }
    switch error.resultCode {
    case .SQLITE_FULL: return ShardStoreError.diskFull(file: file)
    case .SQLITE_BUSY, .SQLITE_LOCKED: return ShardStoreError.locked(file: file)
    default: return ShardStoreError.notWritten(file: file, reason: reason(error))
    }
  }

  /// The error of a failed read from a file.
  static func reading(_ file: String, _ error: any Error) -> any Error {
    guard let error = error as? DatabaseError else { return error }
    return ShardStoreError.unreadable(file: file, reason: reason(error))
  }

  /// SQLite's message without the statement.
  static func reason(_ error: DatabaseError) -> String {
    "SQLite error \(error.extendedResultCode.rawValue): \(error.message ?? "no message")"
  }
}
