package import Foundation

/// Files that are there whole or not at all, also after a power failure.
package enum AtomicFile {
  /// Writes bytes under a temporary name, forces them to the disk and renames the file.
  ///
  /// - Throws: `ShardStoreError.diskFull` or `.notWritten`; the file of that name is then as it was.
  package static func write(_ bytes: [UInt8], to url: URL) throws {
    let temporary = url.appendingPathExtension("tmp-\(ProcessInfo.processInfo.processIdentifier)")
    do {
      let file = try PosixFile(creating: temporary.path)
      try file.write(bytes)
      try file.synchronize()
      file.close()
      try commit(temporary, as: url)
    } catch {
      try? FileManager.default.removeItem(at: temporary)
      throw error
    }
  }

  /// Writes data; otherwise as `write(_:to:)` for bytes.
  package static func write(_ data: Data, to url: URL) throws {
    try write([UInt8](data), to: url)
  }

  /// Renames a finished file, replacing the one of that name, and forces the folder to the disk.
  ///
  /// - Throws: `ShardStoreError.diskFull` or `.notWritten`.
  package static func commit(_ temporary: URL, as url: URL) throws {
    try PosixFile.rename(temporary.path, to: url.path)
    try PosixFile.synchronizeFolder(url.deletingLastPathComponent().path)
  }
}
