package import Foundation
package import ShardStore

/// What lies in a cache's folder, counted without reading a soft target.
package struct CacheInventory: Sendable {
  /// The cache's folder.
  package let folder: URL
  /// What the manifest says.
  package let manifest: CacheManifest
  /// Number of sealed shards.
  package let sealedShards: Int
  /// Positions that keep a soft target, of the sealed shards; nil where it was not asked for.
  package let rows: Int?
  /// Bytes of all files of the folder.
  package let bytes: Int
  /// Bytes of the sealed shards' files, without the tables.
  package let shardBytes: Int
  /// Sizes of the streams by name, of the sealed shards; nil where it was not asked for.
  package let streams: [String: StreamBytes]?
  /// The runs that use the cache.
  package let references: [CacheReference]
  /// Whether the cache is kept whatever refers to it.
  package let isPinned: Bool

  /// Counts.
  ///
  /// - Parameters:
  ///   - folder: A cache's folder.
  ///   - readsShards: Whether to open the shards' directories, for the sizes of streams and, where
  ///     the cache is incomplete, the number of positions.
  /// - Throws: `LogitCacheError`; `ShardStoreError` where a shard cannot be opened.
  package init(folder: URL, readsShards: Bool) throws {
    let shards = try CacheShards(folder: folder)
    let sealed = shards.sealed
    self.folder = folder
    manifest = shards.manifest
    sealedShards = sealed.count
    var shardBytes = 0
    var rows = 0
    var streams: [String: StreamBytes] = [:]
    for index in sealed {
      shardBytes += FolderSize.bytes(of: shards.file(shards.name(index)))
      guard readsShards else { continue }
      let reader = try shards.open(index)
      rows += reader.rowCount
      for (name, size) in reader.streamBytes() { streams[name, default: StreamBytes()] += size }
    }
    self.shardBytes = shardBytes
    self.streams = readsShards ? streams : nil
    let isCounted = manifest.complete && sealed.count == manifest.shards.count
    self.rows =
      readsShards ? rows : isCounted ? manifest.shards.reduce(0) { $0 + $1.rows } : nil
    bytes = FolderSize.bytes(of: folder)
    references = CacheReference.all(in: folder)
    isPinned = CachePin.isPinned(folder)
  }

  /// Whether every shard is there and the manifest says so.
  package var isComplete: Bool {
    manifest.complete && sealedShards == manifest.specification.shardCount
  }
}

/// Sizes of files and folders.
package enum FolderSize {
  /// Bytes of a file, or of all files below a folder; 0 where there is nothing.
  package static func bytes(of url: URL) -> Int {
    let files = FileManager.default
    let size = { (path: String) -> Int in
      let attributes = try? files.attributesOfItem(atPath: path)
      guard attributes?[.type] as? FileAttributeType == .typeRegular else { return 0 }
      return attributes?[.size] as? Int ?? 0
    }
    guard let paths = files.enumerator(atPath: url.path) else { return size(url.path) }
    var sum = size(url.path)
    for case let path as String in paths { sum += size(url.appending(path: path).path) }
    return sum
  }
}
