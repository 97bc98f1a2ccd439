package import Foundation
import ShardStore

/// Takes shards that were filled elsewhere into a cache.
package struct CacheMerge {
  /// What came of it.
  package struct Outcome: Sendable {
    /// Shards that were taken, in order.
    package var taken: [Int] = []
    /// Shards that are sealed now.
    package var sealed = 0
    /// Shards of the whole cache.
    package var total = 0
  }

  /// A cache, and its sealed shards that the target has too: their numbers there and here.
  private struct Source {
    let shards: CacheShards
    let isSame: Bool
    let shared: [(there: Int, here: Int)]
  }

  private let target: URL
  private let sources: [Source]
  private let specification: CacheSpecification

  /// Compares the caches.
  ///
  /// - Parameters:
  ///   - target: A cache's folder, or one that is empty or missing, which becomes the first source's.
  ///   - sources: Folders of the same cache, whole or partly filled, or of caches that have shards with
  ///     the same keys, such as parts of it; at least one.
  /// - Throws: `LogitCacheError.otherCache` for a cache that shares nothing, with the fields that
  ///   differ.
  /// - Precondition: There is a source.
  package init(into target: URL, from sources: [URL]) throws {
    self.target = target
    let opened = try sources.map(CacheShards.init)
    guard let first = opened.first else { preconditionFailure("nothing to merge") }
    // What is there decides, where anything fits it.
    let present = try? CacheManifest.read(folder: target)
    let isPresent = present.map { present in
      opened.contains { Self.source($0, of: present.specification) != nil }
    }
    let specification =
      isPresent == true ? present?.specification ?? first.specification : first.specification
    self.sources = try opened.map { shards in
      guard let source = Self.source(shards, of: specification) else {
        throw LogitCacheError.otherCache(
          folder: shards.folder.path,
          differences: specification.differences(from: shards.specification))
      }
      return source
    }
    self.specification = specification
  }

  /// What a cache has of another; nil where that is nothing.
  private static func source(
    _ shards: CacheShards, of specification: CacheSpecification
  ) -> Source? {
    if shards.specification == specification {
      return Source(shards: shards, isSame: true, shared: shards.sealed.map { ($0, $0) })
    }
    guard let source = try? ShardSource(folder: shards.folder),
      source.heir(specification) == specification
    else { return nil }
    let shared = source.shared(with: specification)
    return shared.isEmpty ? nil : Source(shards: shards, isSame: false, shared: shared)
  }

  /// Takes what is missing; each shard is read and checked before.
  ///
  /// - Parameter progress: Receives the name of each shard that is looked at, and where it is from.
  /// - Returns: What was taken, and what is there now.
  /// - Throws: `LogitCacheError`, `ShardStoreError`: of a shard that is damaged, which is not taken,
  ///   nor those after it.
  package func run(progress: (String) -> Void = { _ in }) throws -> Outcome {
    let writer = try CacheWriter(folder: target, specification: specification)
    var outcome = Outcome(total: specification.shardCount)
    let here = try CacheShards(folder: target)
    for source in sources {
      let shards = source.shards
      try takeTables(from: shards, to: here)
      if source.isSame { try takeSequences(from: shards, to: here) }
      for (there, index) in source.shared {
        let name = here.name(there)
        if here.isThere(name) { continue }
        progress("\(name) from \(shards.folder.path)")
        try shards.open(index).verify()
        try AtomicFile.share(shards.file(shards.name(index)), as: here.file(name))
        try CacheTiming.take(from: shards.folder, shard: index, to: target, shard: there)
        outcome.taken.append(there)
      }
    }
    outcome.taken.sort()
    outcome.sealed = here.sealed.count
    _ = try writer.finish()
    return outcome
  }

  private func takeSequences(from source: CacheShards, to here: CacheShards) throws {
    let name = CacheShards.sequences
    guard !here.isThere(name),
      try CacheSequences(folder: source.folder, specification: specification) != nil
    else { return }
    try ShardReader(url: source.file(name)).verify()
    try AtomicFile.share(source.file(name), as: here.file(name))
  }

  private func takeTables(from source: CacheShards, to here: CacheShards) throws {
    let name = CacheShards.tables
    guard source.isThere(name) else { return }
    let theirs = try source.openTables()
    if here.isThere(name) {
      let ours = try here.openTables().summary.digest
      guard ours == theirs.summary.digest else {
        throw LogitCacheError.wrongShard(
          shard: "\(source.folder.path): \(name)", what: "digest", expected: ours,
          found: theirs.summary.digest)
      }
      return
    }
    try theirs.verify()
    try AtomicFile.share(source.file(name), as: here.file(name))
  }
}
