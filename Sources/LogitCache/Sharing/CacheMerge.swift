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

  private let target: URL
  private let sources: [CacheShards]
  private let specification: CacheSpecification

  /// Compares the caches.
  ///
  /// - Parameters:
  ///   - target: A cache's folder, or one that is empty or missing.
  ///   - sources: Folders of the same cache, whole or partly filled; at least one.
  /// - Throws: `LogitCacheError.otherCache` for another cache, with the fields that differ.
  /// - Precondition: There is a source.
  package init(into target: URL, from sources: [URL]) throws {
    self.target = target
    let opened = try sources.map(CacheShards.init)
    guard let first = opened.first else { preconditionFailure("nothing to merge") }
    specification = first.specification
    for source in opened.dropFirst()
    where source.manifest.fingerprint != first.manifest.fingerprint {
      throw LogitCacheError.otherCache(
        folder: source.folder.path,
        differences: specification.differences(from: source.specification))
    }
    self.sources = opened
  }

  /// Takes what is missing; each shard is read and checked before.
  ///
  /// - Parameter progress: Receives the name of each shard that is looked at.
  /// - Returns: What was taken, and what is there now.
  /// - Throws: `LogitCacheError`, `ShardStoreError`: of a shard that is damaged, which is not taken,
  ///   nor those after it.
  package func run(progress: (String) -> Void = { _ in }) throws -> Outcome {
    let writer = try CacheWriter(folder: target, specification: specification)
    var outcome = Outcome(total: specification.shardCount)
    let here = try CacheShards(folder: target)
    for source in sources {
      try takeTables(from: source, to: here)
      try takeSequences(from: source, to: here)
      for index in source.sealed {
        let name = source.name(index)
        if here.isThere(name) { continue }
        progress(name)
        try source.open(index).verify()
        try AtomicFile.share(source.file(name), as: here.file(name))
        try CacheTiming.take(from: source.folder, shard: index, to: target, shard: index)
        outcome.taken.append(index)
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
