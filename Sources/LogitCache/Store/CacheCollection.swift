package import Foundation
import ShardStore

/// Finds and deletes the caches of a store that nobody refers to.
package struct CacheCollection: Sendable {
  /// Why a cache is kept.
  package enum Reason: Hashable, Sendable {
    /// It is pinned.
    case pinned
    /// Runs whose folders are there use it.
    case used(runs: [String])
    /// Runs of other machines use it, whose folders are not seen from here.
    case usedElsewhere([CacheReference])
    /// A process writes it.
    case busy
    /// It is not complete, and was written to so many seconds ago: where locks do not reach other
    /// machines, one of them may be at it.
    case recent(seconds: Double)
    /// It cannot be read, so that nobody can say whose it is.
    case unreadable(String)
  }

  /// A cache that may go.
  package struct Candidate: Sendable {
    /// Its folder.
    package var folder: URL
    /// What lies in it.
    package var inventory: CacheInventory
  }

  /// Caches that nobody refers to.
  package let candidates: [Candidate]
  /// Caches that are kept, and why.
  package let kept: [(folder: URL, reason: Reason)]
  /// Files of killed processes, in caches that are kept and in the store.
  package let leftovers: [URL]

  private let ignoresOtherHosts: Bool

  /// An incomplete cache that nobody wrote to for so long is not being filled.
  private static let idleSeconds = 3600.0

  /// Begins the name of a cache that is being deleted.
  private static let prefix = ".deleted-"

  /// Looks through a store.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - ignoresOtherHosts: Whether a run of another machine counts as gone where its folder is not
  ///     seen from here, and an incomplete cache as left however new it is. Otherwise both are kept.
  /// - Throws: `LogitCacheError.notAStore` where the folder is itself a cache.
  package init(_ store: CacheStore, ignoresOtherHosts: Bool = false) throws {
    guard !store.isCache else {
      throw LogitCacheError.notAStore(
        folder: store.folder.path, reason: "it is a cache itself; name the folder it lies in")
    }
    var candidates: [Candidate] = []
    var kept: [(folder: URL, reason: Reason)] = []
    var leftovers =
      ((try? FileManager.default.contentsOfDirectory(atPath: store.folder.path)) ?? [])
      .filter { $0.hasPrefix(Self.prefix) }.sorted().map { store.folder.appending(path: $0) }
    for entry in store.entries() {
      switch entry.contents {
      case .failure(let error):
        kept.append((entry.folder, .unreadable("\(error)")))
      case .success(let inventory):
        if let reason = Self.reason(inventory, ignoresOtherHosts) {
          kept.append((entry.folder, reason))
          leftovers += CacheLeftovers.all(in: entry.folder)
        } else {
          candidates.append(Candidate(folder: entry.folder, inventory: inventory))
        }
      }
    }
    self.ignoresOtherHosts = ignoresOtherHosts
    self.candidates = candidates
    self.kept = kept
    self.leftovers = leftovers
  }

  /// Bytes of what may go.
  package var bytes: Int {
    candidates.reduce(0) { $0 + $1.inventory.bytes }
      + leftovers.reduce(0) { $0 + FolderSize.bytes(of: $1) }
  }

  /// Deletes a cache, after another look whether it may go.
  ///
  /// It loses its name first, so that nobody finds half a cache.
  ///
  /// - Returns: Nil where it is gone, or why it is kept after all.
  /// - Throws: `ShardStoreError.notWritten`.
  package func delete(_ candidate: Candidate) throws -> Reason? {
    let inventory = try CacheInventory(folder: candidate.folder, readsShards: false)
    if let reason = Self.reason(inventory, ignoresOtherHosts) { return reason }
    let name = candidate.folder.lastPathComponent
    let doomed = candidate.folder.deletingLastPathComponent()
      .appending(path: "\(Self.prefix)\(name)-\(ProcessInfo.processInfo.processIdentifier)")
    try Self.attempt(candidate.folder) {
      try FileManager.default.moveItem(at: candidate.folder, to: doomed)
    }
    try Self.attempt(doomed) { try FileManager.default.removeItem(at: doomed) }
    return nil
  }

  /// Deletes a leftover.
  ///
  /// - Throws: `ShardStoreError.notWritten`.
  package func delete(leftover: URL) throws {
    guard FileManager.default.fileExists(atPath: leftover.path) else { return }
    try Self.attempt(leftover) { try FileManager.default.removeItem(at: leftover) }
  }

  private static func attempt(_ url: URL, _ body: () throws -> Void) throws {
    do {
      try body()
    } catch {
      throw ShardStoreError.notWritten(file: url.path, reason: error.localizedDescription)
    }
  }

  private static func reason(_ inventory: CacheInventory, _ ignoresOtherHosts: Bool) -> Reason? {
    if inventory.isPinned { return .pinned }
    let runs = Dictionary(grouping: inventory.references) { $0.standing(cache: inventory.folder) }
    if let there = runs[.there] { return .used(runs: there.map(\.run)) }
    if !ignoresOtherHosts, let elsewhere = runs[.elsewhere] { return .usedElsewhere(elsewhere) }
    if CacheLeftovers.isLocked(inventory.folder) { return .busy }
    guard !ignoresOtherHosts, !inventory.isComplete,
      let seconds = CacheLeftovers.secondsSinceWriting(in: inventory.folder), seconds < idleSeconds
    else { return nil }
    return .recent(seconds: seconds)
  }
}
