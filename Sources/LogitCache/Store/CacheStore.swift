package import Foundation
import ShardStore

/// A folder of caches.
package struct CacheStore: Sendable {
  /// One entry of a store.
  package struct Entry: Sendable {
    /// The cache's folder.
    package let folder: URL
    /// What lies in it, or why that cannot be said.
    package let contents: Result<CacheInventory, any Error>
  }

  /// The store's folder.
  package let folder: URL

  /// A store in a folder that exists.
  ///
  /// - Throws: `LogitCacheError.notAStore`.
  package init(folder: URL) throws {
    if let reason = FolderKind.reasonOfNoFolder(folder) {
      throw LogitCacheError.notAStore(folder: folder.path, reason: reason)
    }
    self.folder = folder
  }

  /// Whether the folder is a cache itself.
  package var isCache: Bool { Self.isCache(folder) }

  /// The caches in it, by name; the folder itself where it is a cache. What looks like a cache and
  /// cannot be read is listed too; other folders, such as corpora, are not.
  package func entries() -> [Entry] {
    let folders =
      isCache
      ? [folder]
      : ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
        .filter { !$0.hasPrefix(".") }.map { folder.appending(path: $0) }.filter(Self.isCache)
    return folders.map { folder in
      Entry(
        folder: folder,
        contents: Result { try CacheInventory(folder: folder, readsShards: false) })
    }
  }

  /// Whether a folder has the files of a cache: tables, or a manifest with a fingerprint.
  package static func isCache(_ folder: URL) -> Bool {
    let manifest = folder.appending(path: CacheFormat.manifest)
    let tables = folder.appending(path: "\(CacheFormat.tables).sqlite")
    guard let data = try? AtomicFile.read(manifest, mostBytes: CacheFormat.largestManifest) else {
      return FileManager.default.fileExists(atPath: tables.path)
    }
    return data.firstRange(of: Data("\"fingerprint\"".utf8)) != nil
      || FileManager.default.fileExists(atPath: tables.path)
  }
}
