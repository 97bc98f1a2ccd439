package import Foundation
package import ShardStore

/// Computes damaged blocks of a cache anew, and nothing else.
///
/// A shard is written beside the damaged one, with the good blocks copied as they are, and takes its
/// place only where its digest is the one it had. Owns the folder `.repair` in the cache's folder, and
/// a lock on it; one caller at a time.
package final class CacheRepair {
  /// Where the numbers of the teacher come from.
  package struct Source {
    /// The streams of a block: its corpus-wide number, the replica, and which of its rows keep their
    /// full logits, from their count.
    package var block:
      (_ number: Int, _ replica: Int, _ auditRows: (Int) -> [Int]) throws -> [NamedStream]
    /// What all blocks share.
    package var tables: () throws -> CacheTables

    /// A source of those functions.
    package init(
      block:
        @escaping (_ number: Int, _ replica: Int, _ auditRows: (Int) -> [Int]) throws ->
        [NamedStream],
      tables: @escaping () throws -> CacheTables
    ) {
      self.block = block
      self.tables = tables
    }
  }

  /// A file that is made anew.
  package struct Task: Hashable, Sendable {
    /// The shard's number; nil for the tables.
    package var index: Int?
    /// Its name.
    package var name: String
    /// The blocks that are computed; the others are copied.
    package var blocks: [Int]
    /// Whether nothing of the file can be used.
    package var isWhole: Bool
  }

  private let shards: CacheShards
  private let staging: URL
  private let lock: FolderLock
  private var manifest: CacheManifest

  /// Begins a repair, and removes what a killed one left.
  ///
  /// - Throws: `ShardStoreError.locked` while another process repairs the cache; `LogitCacheError`.
  package init(folder: URL) throws {
    shards = try CacheShards(folder: folder)
    manifest = shards.manifest
    staging = folder.appending(path: CacheLeftovers.repairFolder)
    do {
      try FileManager.default.createDirectory(at: staging, withIntermediateDirectories: true)
    } catch {
      throw ShardStoreError.notWritten(file: staging.path, reason: error.localizedDescription)
    }
    lock = try FolderLock(folder: staging)
    clear()
  }

  deinit { try? FileManager.default.removeItem(at: staging) }

  /// The files that have to be made anew because of these problems, in order.
  package func tasks(for problems: [CacheProblem]) -> [Task] {
    Dictionary(grouping: problems, by: \.shard).map { name, problems in
      guard let index = problems[0].index else {
        return Task(index: nil, name: name, blocks: [], isWhole: true)
      }
      let place = shards.place(index)
      let blocks = Set(problems.map { $0.block ?? -1 })
      let isWhole = blocks.contains { $0 < 0 } || !canOpen(index)
      return Task(
        index: index, name: place.name,
        blocks: isWhole ? Array(0..<place.blocks) : blocks.sorted(), isWhole: isWhole)
    }.sorted { ($0.index ?? -1, $1.name) < ($1.index ?? -1, $0.name) }
  }

  /// Makes one file anew.
  ///
  /// - Parameters:
  ///   - task: One that `tasks(for:)` gave.
  ///   - source: The teacher that made the cache.
  ///   - progress: Called after each computed block.
  /// - Throws: `LogitCacheError.notRepaired` where the digest is not the one that was; what the source
  ///   throws; `ShardStoreError`. The damaged file is then as it was.
  package func repair(_ task: Task, source: Source, progress: () -> Void = {}) throws {
    clear()
    if task.name == CacheShards.sequences {
      // A complete cache is read without it, and a writer makes it again.
      try FileManager.default.removeItem(at: shards.file(task.name))
      return
    }
    let summary: ShardSummary
    let expected: String?
    if let index = task.index {
      let old = task.isWhole ? nil : try shards.open(index)
      summary = try write(index, task, old: old, source: source, progress: progress)
      expected =
        manifest.complete ? manifest.shards[index].digest : old?.summary.digest
    } else {
      try shards.writeTables(in: staging, make: source.tables)
      summary = try ShardReader(url: staged(task.name)).summary
      expected = manifest.tables?.digest
    }
    if let expected, expected != summary.digest {
      clear()
      throw LogitCacheError.notRepaired(
        shard: task.name, expected: expected, found: summary.digest)
    }
    try AtomicFile.commit(staged(task.name), as: shards.file(task.name))
    try note(summary, index: task.index)
  }

  private func write(
    _ index: Int, _ task: Task, old: ShardReader?, source: Source, progress: () -> Void
  ) throws -> ShardSummary {
    let place = shards.place(index)
    let writer = try shards.beginShard(index, in: staging)
    defer { writer.close() }
    if let old {
      for stream in try old.storedStreams(block: ShardFormat.shardLevel) {
        try writer.appendShardStream(stream)
      }
    }
    let wanted = Set(task.blocks)
    for block in 0..<place.blocks {
      if let old, !wanted.contains(block) {
        try writer.append(block: try old.storedStreams(block: block))
      } else {
        try writer.append(
          block: try source.block(place.firstBlock + block, place.replica) {
            shards.specification.auditRows(block: block, blocks: place.blocks, rows: $0)
          })
        progress()
      }
    }
    return try writer.seal()
  }

  /// Another version of LZ4 or SQLite may give a file of another size for the same content.
  private func note(_ summary: ShardSummary, index: Int?) throws {
    guard manifest.complete else { return }
    let before = manifest
    if let index {
      manifest.shards[index].bytes = summary.bytes
    } else {
      manifest.tables?.bytes = summary.bytes
    }
    if manifest != before { try manifest.write(folder: shards.folder) }
  }

  private func canOpen(_ index: Int) -> Bool { (try? shards.open(index)) != nil }

  private func staged(_ name: String) -> URL { staging.appending(path: "\(name).sqlite") }

  private func clear() {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: staging.path)) ?? []
    for name in names where name != ".lock" {
      try? FileManager.default.removeItem(at: staging.appending(path: name))
    }
  }
}
