import Foundation
import LogitCache
import ShardStore

/// What a shard says, without how.
struct ShardContent {
  /// One stream of a block; block -1 stands for the shard itself.
  struct Stream {
    var block: Int
    var name: String
    var bytes: [UInt8]
  }

  var metadata: [String: String]
  var streams: [Stream]

  init(url: URL) throws {
    let reader = try ShardReader(url: url)
    metadata = reader.metadata
    streams = try (-1..<reader.blockCount).flatMap { block in
      try reader.streamNames(block: block).map {
        Stream(block: block, name: $0, bytes: try reader.stream($0, block: block))
      }
    }
  }

  /// Writes it as a sealed shard, with the checksums of what it says.
  func write(to folder: URL, name: String) throws -> ShardSummary {
    let writer = try WholeShardWriter(folder: folder, name: name, metadata: metadata)
    func encoded(_ stream: Stream) throws -> EncodedStream {
      try EncodedStream(NamedStream(name: stream.name, bytes: stream.bytes), effort: .fast)
    }
    for stream in streams where stream.block < 0 {
      try writer.appendShardStream(encoded(stream))
    }
    for block in Set(streams.map(\.block)).filter({ $0 >= 0 }).sorted() {
      try writer.append(block: streams.filter { $0.block == block }.map(encoded))
    }
    return try writer.seal()
  }
}

/// What a cache says: its manifest and its shards.
struct CacheContent {
  var manifest: CacheManifest
  var tables: ShardContent
  var sequences: ShardContent?
  /// By the number of the shard; those that are there.
  var shards: [Int: ShardContent]

  init(folder: URL) throws {
    manifest = try CacheManifest.read(folder: folder)
    tables = try ShardContent(url: folder.appending(path: "tables.sqlite"))
    let lengths = folder.appending(path: "sequences.sqlite")
    let manager = FileManager.default
    sequences =
      manager.fileExists(atPath: lengths.path) ? try ShardContent(url: lengths) : nil
    shards = [:]
    for index in 0..<manifest.specification.shardCount {
      let file = folder.appending(path: "\(Self.shardName(index)).sqlite")
      if manager.fileExists(atPath: file.path) { shards[index] = try ShardContent(url: file) }
    }
  }

  static func shardName(_ index: Int) -> String { "shard-0000\(index)" }

  /// Writes a folder in which every checksum, key, digest and size is right.
  mutating func write(to folder: URL) throws {
    tables.metadata["key"] = manifest.specification.tablesKey()
    let summary = try tables.write(to: folder, name: "tables")
    _ = try sequences?.write(to: folder, name: "sequences")
    let keys = ShardKeys(manifest.specification, tables: summary.digest)
    if manifest.complete { manifest.tables = summary }
    for (index, shard) in shards.sorted(by: { $0.key < $1.key }) {
      var shard = shard
      // A changed specification may have fewer shards than there are.
      if index < manifest.specification.shardCount { shard.metadata = keys.metadata(index) }
      let summary = try shard.write(to: folder, name: Self.shardName(index))
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
    try JSONEncoder().encode(manifest).write(to: folder.appending(path: "manifest.json"))
  }
}
