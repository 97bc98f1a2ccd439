import Foundation
import LogitCache
import ShardStore

/// What a cache says.
struct CacheContent: FolderContent {
  var manifest: CacheManifest
  var shards: [String: ShardContent]

  init(folder: URL) throws {
    manifest = try CacheManifest.read(folder: folder)
    shards = try ShardContent.all(in: folder)
  }

  private static let tables = "tables"
  private static let sequences = "sequences"

  mutating func write(to folder: URL) throws {
    guard var tables = shards[Self.tables] else { return }
    tables.metadata["key"] = manifest.specification.tablesKey()
    let summary = try tables.write(to: folder, name: Self.tables)
    _ = try shards[Self.sequences]?.write(to: folder, name: Self.sequences)
    let keys = ShardKeys(manifest.specification, tables: summary.digest)
    if manifest.complete { manifest.tables = summary }
    for index in 0..<manifest.specification.shardCount {
      let name = ShardFormat.shardName(index)
      guard var shard = shards[name] else { continue }
      shard.metadata = keys.metadata(index)
      let summary = try shard.write(to: folder, name: name)
      if manifest.shards.indices.contains(index) {
        manifest.shards[index].bytes = summary.bytes
        manifest.shards[index].digest = summary.digest
        manifest.shards[index].blocks = summary.blocks
        manifest.shards[index].rows =
          shard.streams.filter { $0.name == StreamName.positions }.reduce(0) {
            $0 + $1.bytes.count / 2
          }
      }
    }
    manifest.fingerprint = manifest.specification.fingerprint()
    try text().write(to: folder.appending(path: "manifest.json"))
  }

  func manifest(noting file: String, bytes: Int, digest: String?) throws -> Data {
    var changed = self
    let name = file.replacing(".sqlite", with: "")
    if name == Self.tables {
      changed.manifest.tables?.bytes = bytes
      if let digest { changed.manifest.tables?.digest = digest }
    }
    for index in manifest.shards.indices where manifest.shards[index].name == name {
      changed.manifest.shards[index].bytes = bytes
      if let digest { changed.manifest.shards[index].digest = digest }
    }
    return try changed.text()
  }

  /// The manifest's text.
  func text() throws -> Data { try JSONEncoder().encode(manifest) }
}
