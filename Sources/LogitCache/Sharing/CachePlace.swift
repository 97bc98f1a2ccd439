package import Foundation

/// Where a cache is, or will be, and from which caches it can take what they have.
package struct CachePlace: Sendable {
  /// The folder.
  package let folder: URL
  /// What it holds: the specification that was asked for, or the same with another cache's tables.
  package let specification: CacheSpecification
  /// Caches that have shards of it, the one whose tables it has first.
  package let sources: [ShardSource]

  /// The place of a cache in a folder.
  ///
  /// A cache of the same specification that is there already decides whose tables it has.
  ///
  /// - Parameters:
  ///   - wanted: What is asked for, with tables of its own.
  ///   - folder: The folder.
  ///   - extended: Caches to take shards from.
  package init(_ wanted: CacheSpecification, folder: URL, extending extended: [ShardSource]) {
    self.folder = folder
    if let present = try? CacheManifest.read(folder: folder),
      present.specification.isSameButForTables(wanted)
    {
      specification = present.specification
    } else {
      specification = Self.heir(wanted, extended)
    }
    sources = Self.order(extended, for: specification)
  }

  /// The place of a cache in a store, under its fingerprint.
  ///
  /// - Parameters:
  ///   - wanted: What is asked for, with tables of its own.
  ///   - store: The store's folder; it need not be there.
  package init(_ wanted: CacheSpecification, store: URL) {
    let caches = Self.folders(store)
    let others = ShardSource.all(in: store)
    let same = caches.compactMap { folder -> (folder: URL, manifest: CacheManifest)? in
      guard let manifest = try? CacheManifest.read(folder: folder),
        manifest.specification.isSameButForTables(wanted)
      else { return nil }
      // An heir that was killed before it had its tables is of no use once nobody has them.
      let inherited = manifest.specification.tablesDigest
      guard inherited.map({ digest in others.contains { $0.hasTables(digest) } }) ?? true else {
        return nil
      }
      return (folder, manifest)
    }
    // A complete one before one that is begun, one with tables of its own before an heir.
    if let best = same.min(by: { Self.rank($0.manifest) < Self.rank($1.manifest) }) {
      folder = best.folder
      specification = best.manifest.specification
    } else {
      specification = Self.heir(wanted, others)
      folder = store.appending(path: specification.fingerprint())
    }
    let here = folder.standardizedFileURL.path
    sources = Self.order(
      others.filter { $0.folder.standardizedFileURL.path != here }, for: specification)
  }

  /// The folders of a store that a name or the beginning of a fingerprint may mean.
  ///
  /// - Parameters:
  ///   - name: The name of a folder in the store, or how a fingerprint begins.
  ///   - store: The store's folder.
  /// - Returns: One where it is clear, in order otherwise.
  package static func matches(_ name: String, store: URL) -> [URL] {
    let caches = folders(store)
    if let exact = caches.first(where: { $0.lastPathComponent == name }) { return [exact] }
    guard !name.isEmpty else { return [] }
    return caches.filter {
      (try? CacheManifest.read(folder: $0))?.fingerprint.hasPrefix(name) ?? false
    }
  }

  /// The folders of a store that look like a cache, by name.
  static func folders(_ store: URL) -> [URL] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: store.path)) ?? []
    return names.sorted().filter { !$0.hasPrefix(".") }.map { store.appending(path: $0) }.filter {
      FileManager.default.fileExists(atPath: $0.appending(path: CacheFormat.manifest).path)
    }
  }

  private static func rank(_ manifest: CacheManifest) -> Int {
    (manifest.complete ? 0 : 2) + (manifest.specification.tablesDigest == nil ? 0 : 1)
  }

  /// The specification that shares the most shards with one of the sources.
  private static func heir(
    _ wanted: CacheSpecification, _ sources: [ShardSource]
  ) -> CacheSpecification {
    let heirs = sources.map { source in
      let heir = source.heir(wanted)
      return (heir: heir, shards: source.shared(with: heir).count)
    }
    let most = heirs.map(\.shards).max() ?? 0
    guard most > 0, let best = heirs.first(where: { $0.shards == most }) else { return wanted }
    return best.heir
  }

  /// Those that have shards of a cache, the most first.
  private static func order(
    _ sources: [ShardSource], for specification: CacheSpecification
  ) -> [ShardSource] {
    sources.filter { $0.heir(specification) == specification }
      .map { (source: $0, shards: $0.shared(with: specification).count) }
      .filter { $0.shards > 0 }
      .enumerated().sorted { ($1.element.shards, $0.offset) < ($0.element.shards, $1.offset) }
      .map(\.element.source)
  }
}
