package import Foundation

/// Keeps other processes out of a folder as long as it lives.
///
/// The lock is on a file `.lock` in the folder, which stays empty and is removed at the end; what a
/// killed process left behind locks nobody out.
package final class FolderLock {
  private let path: String
  private let file: PosixFile

  /// Locks a folder that exists.
  ///
  /// - Parameter folder: The folder.
  /// - Throws: `ShardStoreError.locked` where another process has it, `.diskFull` or `.notWritten`.
  package init(folder: URL) throws {
    path = folder.appending(path: ".lock").path
    file = try PosixFile(locking: path)
  }

  deinit {
    // Removed before it is released: who opened it meanwhile then finds another file of the name.
    try? FileManager.default.removeItem(atPath: path)
    file.close()
  }
}
