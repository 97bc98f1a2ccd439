import Foundation
import LogitCache
import ShardStore

/// Another specification of a cache.
enum SpecificationMutation {
  /// A value of the specification, with fingerprint, keys and digests that follow from it where it
  /// is one of the kind.
  static func specification(_ place: inout MutationPlace) throws {
    place.isAlone = false
    guard var content = place.base.content as? CacheContent else { return }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    var text = String(
      decoding: try encoder.encode(content.manifest.specification), as: UTF8.self)
    for _ in 0...place.choice(2) { text = ManifestMutation.change(text, &place) }
    guard
      let changed = try? JSONDecoder().decode(CacheSpecification.self, from: Data(text.utf8))
    else { return try ManifestMutation.field(&place) }
    content.manifest.specification = changed
    content.manifest.fingerprint = changed.fingerprint()
    // What is no specification has no keys.
    guard (try? changed.validate()) != nil else {
      return try content.text().write(to: place.url("manifest.json"))
    }
    if place.once(in: 3), changed.shardCount < 5000 {
      // Lists that agree with it, of files that are not there.
      if let first = content.manifest.shards.first {
        content.manifest.shards = (0..<changed.shardCount).map { index in
          var shard = first
          let corpusShards = changed.blocksPerShard.count
          shard.name = ShardFormat.shardName(index)
          shard.replica = index / corpusShards
          shard.blocks = changed.blocksPerShard[index % corpusShards]
          shard.firstBlock = changed.blocksPerShard[..<(index % corpusShards)].reduce(0, +)
          return shard
        }
      }
    }
    if place.once(in: 3) { content.manifest.complete.toggle() }
    try content.write(to: place.folder)
  }
}
