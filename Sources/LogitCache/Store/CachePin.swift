package import Foundation
import ShardStore

/// The mark of a cache that is kept whatever refers to it: an empty file `pinned` in its folder.
package enum CachePin {
  private static let name = "pinned"

  /// Whether the cache of a folder is marked.
  package static func isPinned(_ folder: URL) -> Bool {
    FileManager.default.fileExists(atPath: folder.appending(path: name).path)
  }

  /// Marks the cache of a folder; does nothing where it is marked.
  ///
  /// - Throws: `LogitCacheError` where the folder is no cache, `ShardStoreError`.
  package static func pin(_ folder: URL) throws {
    _ = try CacheManifest.read(folder: folder)
    try AtomicFile.write([UInt8](), to: folder.appending(path: name))
  }

  /// Removes the mark; does nothing where there is none.
  ///
  /// - Throws: As `pin`.
  package static func unpin(_ folder: URL) throws {
    _ = try CacheManifest.read(folder: folder)
    let file = folder.appending(path: name)
    guard isPinned(folder) else { return }
    do {
      try FileManager.default.removeItem(at: file)
    } catch {
      throw ShardStoreError.notWritten(file: file.path, reason: error.localizedDescription)
    }
  }
}
