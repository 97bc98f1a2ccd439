import Foundation
import ShardStore

/// What a writer finds in a folder, and what killed processes left there.
enum CacheFolderState {
  /// Opens a folder for writing, and begins a cache where there is none.
  ///
  /// - Throws: `LogitCacheError.otherCache` with the fields that differ, `.notACache`;
  ///   `ShardStoreError`.
  static func open(
    _ folder: URL, _ specification: CacheSpecification
  ) throws -> CacheWriter.State {
    let files = FileManager.default
    let beginning = CacheManifest(beginning: specification)
    if try begin(beginning, in: folder) { return .new }
    let manifest = try CacheManifest.read(folder: folder)
    if manifest.fingerprint != beginning.fingerprint {
      throw LogitCacheError.otherCache(
        folder: folder.path,
        differences: specification.differences(from: manifest.specification))
    }
    let sealed = (0..<specification.shardCount).count {
      files.fileExists(atPath: folder.appending(path: "\(CacheFormat.shardName($0)).sqlite").path)
    }
    if manifest.complete && sealed == specification.shardCount {
      removeLeftovers(folder)
      return .reusable
    }
    // A shard was deleted, to be computed anew: until then the cache is not complete.
    if manifest.complete { try beginning.write(folder: folder) }
    return .partial(sealed: sealed)
  }

  /// Removes what processes left that were killed after a shard was sealed, or while they wrote the
  /// manifest. What another process works on stays.
  static func removeLeftovers(_ folder: URL) {
    AtomicFile.removeAbandoned(folder.appending(path: CacheFormat.manifest))
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in names {
      guard let suffix = name.firstRange(of: ".sqlite.") else { continue }
      ShardWriter.removeLeftovers(folder: folder, name: String(name[..<suffix.lowerBound]))
    }
  }

  /// Writes the manifest of a new cache; false where there is a manifest.
  private static func begin(_ manifest: CacheManifest, in folder: URL) throws -> Bool {
    let files = FileManager.default
    let file = folder.appending(path: CacheFormat.manifest).path
    if files.fileExists(atPath: folder.path), let reason = FolderKind.reasonOfNoFolder(folder) {
      throw LogitCacheError.notACache(folder: folder.path, reason: reason)
    }
    if files.fileExists(atPath: file) { return false }
    let others = ((try? files.contentsOfDirectory(atPath: folder.path)) ?? [])
      .filter { !$0.hasPrefix(CacheFormat.manifest) }
    if let other = others.sorted().first {
      // Another process may have begun the same cache in this moment.
      if files.fileExists(atPath: file) { return false }
      throw LogitCacheError.notACache(
        folder: folder.path, reason: "it holds '\(other)' and no \(CacheFormat.manifest)")
    }
    do {
      try files.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw ShardStoreError.notWritten(file: folder.path, reason: error.localizedDescription)
    }
    try manifest.write(folder: folder)
    return true
  }
}
