import Foundation
import ShardStore

/// What a folder of shards says: its manifest and its shards.
protocol FolderContent {
  /// By the name without `.sqlite`; those that are there.
  var shards: [String: ShardContent] { get set }

  /// Writes a folder in which every checksum, key, digest and size is right.
  mutating func write(to folder: URL) throws

  /// The manifest of a folder in which one file has another size and, where given, another digest.
  func manifest(noting file: String, bytes: Int, digest: String?) throws -> Data
}

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

  /// The shards of a folder.
  static func all(in folder: URL) throws -> [String: ShardContent] {
    let suffix = ".sqlite"
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    return try names.filter { $0.hasSuffix(suffix) }.reduce(into: [:]) { shards, name in
      shards[String(name.dropLast(suffix.count))] = try ShardContent(
        url: folder.appending(path: name))
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
