import Foundation
import ShardStore

/// What lies in the folder of an unfinished build.
///
///     corpus/          the corpus, without its manifest
///     held-out/        the held-out one, where there is one
///     journal.json     how far the build is
///     hashes           documents met so far, 16 bytes each, where duplicates are left out
///     open-00000       sequences of the held-out corpus's open shard: int32 length, int32 IDs
struct BuildFiles: Sendable {
  /// The folder.
  let folder: URL

  /// The folders of the corpora: the main one, and the held-out one.
  static let outputNames = ["corpus", "held-out"]

  /// The folder of a corpus.
  func output(_ index: Int) -> URL { folder.appending(path: BuildFiles.outputNames[index]) }

  private var hashes: URL { folder.appending(path: "hashes") }

  private func open(shard: Int) -> URL {
    folder.appending(path: CorpusLayout.shardName(shard).replacing("shard", with: "open"))
  }

  /// Adds hashes of documents.
  func append(hashes new: [DocumentHash]) throws {
    var data = Data(capacity: 16 * new.count)
    for hash in new {
      for word in [hash.high, hash.low] {
        withUnsafeBytes(of: word.littleEndian) { data.append(contentsOf: $0) }
      }
    }
    try WorkFile.append(data, to: hashes)
  }

  /// The first hashes of documents; nil where they are not all there.
  func hashes(count: Int) -> [DocumentHash]? {
    WorkFile.cut(hashes, to: 16 * count).flatMap {
      LittleEndian.values([UInt8]($0), as: UInt64.self)
    }.map { words in
      stride(from: 0, to: words.count, by: 2).map {
        DocumentHash(high: words[$0], low: words[$0 + 1])
      }
    }
  }

  /// Adds sequences of an open shard.
  func append(sequences: [Int32], openShard shard: Int) throws {
    try WorkFile.append(Data(LittleEndian.bytes(sequences)), to: open(shard: shard))
  }

  /// The first sequences of an open shard, in bytes of the file; nil where they are not all there.
  func sequences(openShard shard: Int, bytes: Int) -> [Int32]? {
    WorkFile.cut(open(shard: shard), to: bytes).flatMap {
      LittleEndian.values([UInt8]($0), as: Int32.self)
    }
  }

  /// Removes the sequences of shards that are sealed.
  func removeOpen(before shard: Int) {
    for index in max(0, shard - 2)..<max(0, shard) {
      try? FileManager.default.removeItem(at: open(shard: index))
    }
  }

  /// Removes shards that the journal does not speak of.
  func removeShards(of index: Int, from shard: Int) {
    let known = Set((0..<shard).map { CorpusLayout.shardName($0) + ".sqlite" })
    let folder = output(index)
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    where !known.contains(name) {
      try? FileManager.default.removeItem(at: folder.appending(path: name))
    }
  }
}
