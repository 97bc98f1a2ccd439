import Corpus
import Foundation
import ShardStore

/// What a tokenized corpus says.
struct CorpusContent: FolderContent {
  var manifest: CorpusManifest
  var shards: [String: ShardContent]
  /// Whether the counts of tokens follow the sequences too, so that other sequences may be sound.
  private let countsTokens: Bool

  init(folder: URL, countsTokens: Bool) throws {
    self.countsTokens = countsTokens
    manifest = try CorpusManifest.read(folder: folder)
    shards = try ShardContent.all(in: folder)
  }

  mutating func write(to folder: URL) throws {
    countAgain()
    for index in manifest.shards.indices {
      let name = manifest.shards[index].name
      guard let shard = shards[name] else { continue }
      manifest.shards[index].digest = try shard.write(to: folder, name: name).digest
    }
    try JSONEncoder().encode(manifest).write(to: folder.appending(path: "manifest.json"))
  }

  func manifest(noting file: String, bytes: Int, digest: String?) throws -> Data {
    var changed = manifest
    if let digest {
      for index in changed.shards.indices where "\(changed.shards[index].name).sqlite" == file {
        changed.shards[index].digest = digest
      }
    }
    // Without the digest of its own text, as older ones are.
    return try JSONEncoder().encode(changed)
  }

  /// Gives the manifest the counts that follow from the streams, as far as these can be read, so
  /// that a reader meets numbers that agree with each other.
  private mutating func countAgain() {
    var histogram = [Int](repeating: 0, count: manifest.maxLength + 1)
    var digest = CorpusText()
    for index in manifest.shards.indices {
      guard let shard = shards[manifest.shards[index].name] else { return }
      var (sequences, tokens) = (0, 0)
      var counts = [UInt32](repeating: 0, count: manifest.vocabSize)
      for block in 0..<manifest.shards[index].blocks {
        guard let lengths = shard.bytes("lengths", block), let ids = shard.bytes("ids", block)
        else {
          return
        }
        let values = stride(from: 0, to: lengths.count - 1, by: 2).map {
          UInt32(lengths[$0]) | UInt32(lengths[$0 + 1]) << 8
        }
        for length in values {
          guard histogram.indices.contains(Int(length)) else { return }
          histogram[Int(length)] += 1
        }
        sequences += values.count
        let count = values.reduce(0) { $0 + Int($1) }
        tokens += count
        guard count > 0, ids.count.isMultiple(of: count) else { return }
        let tokenIDs = (0..<count).map { token in
          stride(from: token, to: ids.count, by: count).reversed().reduce(UInt32(0)) {
            $0 << 8 | UInt32(ids[$1])
          }
        }
        digest.addBlock(lengths: values, tokenIDs: tokenIDs)
        for id in tokenIDs where id < counts.count { counts[Int(id)] += 1 }
      }
      digest.endShard()
      manifest.shards[index].sequences = sequences
      manifest.shards[index].tokens = tokens
      if countsTokens {
        let planes = [0, 8, 16, 24].flatMap { shift in
          counts.map { UInt8(truncatingIfNeeded: $0 >> UInt32(shift)) }
        }
        shards[manifest.shards[index].name]?.set("tokenCounts", planes)
      }
    }
    manifest.sequences = manifest.shards.reduce(0) { $0 + $1.sequences }
    manifest.tokens = manifest.shards.reduce(0) { $0 + $1.tokens }
    manifest.lengthHistogram = histogram
    manifest.digest = ContentDigest.bytes(digest.bytes)
  }
}

extension ShardContent {
  /// A stream of a block.
  fileprivate func bytes(_ name: String, _ block: Int) -> [UInt8]? {
    streams.first { $0.block == block && $0.name == name }?.bytes
  }

  /// Sets a stream of the shard, where it is there.
  fileprivate mutating func set(_ name: String, _ bytes: [UInt8]) {
    for index in streams.indices where streams[index].block < 0 && streams[index].name == name {
      streams[index].bytes = bytes
    }
  }
}

/// The bytes that a corpus's digest covers, as `docs/FORMAT.md` has them.
private struct CorpusText {
  private(set) var bytes = Array("decant corpus 1\n".utf8)

  mutating func addBlock(lengths: [UInt32], tokenIDs: [UInt32]) {
    bytes += Array("B".utf8)
    for number in [UInt32(lengths.count)] + lengths + tokenIDs { add(number) }
  }

  mutating func endShard() { bytes += Array("S".utf8) }

  private mutating func add(_ number: UInt32) {
    for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: number >> UInt32(shift))) }
  }
}
