package import Foundation

/// Files that are there whole or not at all, also after a power failure.
package enum AtomicFile {
  /// Begins the suffix of a temporary name; the number of the process follows, and something random,
  /// since another machine may have a process of that number.
  private static let marker = "tmp-"

  /// Writes bytes under a temporary name, forces them to the disk and renames the file.
  ///
  /// - Throws: `ShardStoreError.diskFull` or `.notWritten`; the file of that name is then as it was.
  package static func write(_ bytes: [UInt8], to url: URL) throws {
    try fill(url) { try $0.write(bytes) }
  }

  /// Fills a file under a temporary name, forces it to the disk and renames it.
  private static func fill(_ url: URL, _ write: (PosixFile) throws -> Void) throws {
    removeAbandoned(url)
    let temporary = temporaryName(url)
    do {
      // Locked until it has its name, so that other processes know that somebody is writing it.
      let file = try PosixFile(locking: temporary.path)
      try file.truncate()
      try write(file)
      try file.synchronize()
      try commit(temporary, as: url)
      file.close()
    } catch {
      try? FileManager.default.removeItem(at: temporary)
      throw error
    }
  }

  /// Writes data; otherwise as `write(_:to:)` for bytes.
  package static func write(_ data: Data, to url: URL) throws {
    try write([UInt8](data), to: url)
  }

  /// The bytes of a regular file that may come from anybody.
  ///
  /// - Parameters:
  ///   - url: The file.
  ///   - mostBytes: What it may have; a larger one is not read.
  /// - Returns: All of them.
  /// - Throws: `ShardStoreError.unreadable`.
  package static func read(_ url: URL, mostBytes: Int) throws -> Data {
    func unreadable(_ reason: String) -> ShardStoreError {
      .unreadable(file: url.path, reason: reason)
    }
    guard let bytes = PosixFile.regularSize(url.path) else {
      throw unreadable("it is no regular file")
    }
    guard bytes <= mostBytes else {
      throw unreadable("it has \(bytes) bytes, more than the limit of \(mostBytes)")
    }
    do { return try Data(contentsOf: url) } catch { throw unreadable(error.localizedDescription) }
  }

  /// Puts a file that never changes into another folder: as a second name of it, or as a copy where
  /// the file system has no such thing.
  ///
  /// A file that has the name already stays as it is.
  ///
  /// - Throws: `ShardStoreError`; nothing half-copied is left.
  package static func share(_ source: URL, as url: URL) throws {
    if FileManager.default.fileExists(atPath: url.path) { return }
    do {
      if try PosixFile.link(source.path, as: url.path) {
        return try PosixFile.synchronizeFolder(url.deletingLastPathComponent().path)
      }
    } catch {
      // Another process was quicker.
      if FileManager.default.fileExists(atPath: url.path) { return }
      throw error
    }
    try fill(url) { try copyBytes(of: source, to: $0) }
  }

  private static func copyBytes(of source: URL, to file: PosixFile) throws {
    let handle: FileHandle
    do {
      handle = try FileHandle(forReadingFrom: source)
    } catch {
      throw ShardStoreError.unreadable(file: source.path, reason: error.localizedDescription)
    }
    defer { try? handle.close() }
    while true {
      let chunk: Data?
      do {
        chunk = try handle.read(upToCount: 4 << 20)
      } catch {
        throw ShardStoreError.unreadable(file: source.path, reason: error.localizedDescription)
      }
      guard let chunk, !chunk.isEmpty else { return }
      try file.write([UInt8](chunk))
    }
  }

  private static func temporaryName(_ url: URL) -> URL {
    let process = ProcessInfo.processInfo.processIdentifier
    return url.appendingPathExtension("\(marker)\(process)-\(UUID().uuidString.prefix(8))")
  }

  /// Renames a finished file, replacing the one of that name, and forces the folder to the disk.
  ///
  /// - Throws: `ShardStoreError.diskFull` or `.notWritten`.
  package static func commit(_ temporary: URL, as url: URL) throws {
    try PosixFile.rename(temporary.path, to: url.path)
    try PosixFile.synchronizeFolder(url.deletingLastPathComponent().path)
  }

  /// Removes the temporary files that killed processes left of a file; what is locked is being
  /// written and stays.
  package static func removeAbandoned(_ url: URL) {
    let folder = url.deletingLastPathComponent()
    let prefix = "\(url.lastPathComponent).\(marker)"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in names where name.hasPrefix(prefix) {
      let file = folder.appending(path: name)
      guard let lock = try? PosixFile(locking: file.path) else { continue }
      try? FileManager.default.removeItem(at: file)
      lock.close()
    }
  }
}
