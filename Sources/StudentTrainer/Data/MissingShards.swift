package import Foundation
package import LogitCache

/// What a run does about shards of its cache that are not there yet.
package struct MissingShards: Sendable {
  /// The choices.
  package enum Policy: String, Sendable, CaseIterable {
    /// The run does not begin.
    case fail
    /// The run waits for each shard; it ends in the student of the complete cache, bit for bit.
    case wait
    /// The sequences of missing shards are not trained on at all.
    case skip
  }

  /// What is waited for.
  package struct Notice: Hashable, Sendable {
    /// The shard's name, or nil for what all shards share.
    package var shard: String?
    /// Whether a process is writing it.
    package var isBeingWritten: Bool
    /// Whether a process is writing anything in the cache.
    package var isCacheBeingWritten: Bool
  }

  /// What is done.
  package var policy: Policy
  /// Seconds without any shard sealed and any lock held, after which waiting ends with an error.
  package var timeoutSeconds: Double
  /// Hears what is waited for, at the beginning and when it changes; on the thread that waits.
  package var notify: @Sendable (Notice) -> Void

  /// A policy with its options.
  package init(
    _ policy: Policy = .fail, timeoutSeconds: Double = 600,
    notify: @escaping @Sendable (Notice) -> Void = { _ in }
  ) {
    self.policy = policy
    self.timeoutSeconds = timeoutSeconds
    self.notify = notify
  }

  /// Seconds between two looks at the whole folder.
  private static let lookSeconds = 1.0

  /// Waits until something is there.
  ///
  /// - Parameters:
  ///   - shard: The shard's name; nil for what all shards share.
  ///   - folder: The cache's folder.
  ///   - isCancelled: Ends the waiting.
  ///   - isThere: What is waited for.
  /// - Throws: `StudentTrainerError.missingShard` where nobody fills the cache any more,
  ///   `CancellationError`.
  func wait(
    for shard: String?, in folder: URL, isCancelled: () -> Bool = { false },
    until isThere: () -> Bool
  ) throws {
    var told: Notice?
    var sealed = -1
    var lastSign = ContinuousClock.now
    var lastLook: ContinuousClock.Instant?
    while !isThere() {
      if isCancelled() { throw CancellationError() }
      let now = ContinuousClock.now
      if (lastLook.map { (now - $0).seconds } ?? .infinity)
        >= min(Self.lookSeconds, timeoutSeconds / 4)
      {
        lastLook = now
        let activity = CacheActivity(folder: folder)
        if activity.sealedFiles != sealed || activity.isBeingWritten { lastSign = now }
        sealed = activity.sealedFiles
        let notice = Notice(
          shard: shard,
          isBeingWritten: shard.map { CacheActivity.isBeingWritten(shard: $0, folder: folder) }
            ?? activity.isBeingWritten,
          isCacheBeingWritten: activity.isBeingWritten)
        if notice != told { notify(notice) }
        told = notice
      }
      if (now - lastSign).seconds > timeoutSeconds {
        throw StudentTrainerError.missingShard(
          folder: folder.path, shard: shard,
          reason: "nothing was sealed for \(Int(timeoutSeconds.rounded())) s and no process is "
            + "writing")
      }
      Thread.sleep(forTimeInterval: Polling.seconds)
    }
  }

  /// Opens a cache under this policy; where it waits, until there is something to open.
  ///
  /// - Throws: `LogitCacheError.incomplete` where nothing may be missing; what opening and waiting
  ///   throw.
  package func open(cache folder: URL) throws -> CacheReader {
    if policy == .wait {
      try wait(for: nil, in: folder) { CacheReader.canServe(folder: folder) }
    }
    return try CacheReader(folder: folder, allowsMissing: policy != .fail)
  }
}
