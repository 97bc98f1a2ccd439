import Foundation
import ShardStore

/// What all shards share: the tables, and the lengths of the sequences.
extension CacheWriter {
  /// Whether the tables are still to be written.
  package var needsTables: Bool { !isSealed(CacheFormat.tables) }

  /// Writes what all blocks share, or waits for the process that does.
  ///
  /// - Parameters:
  ///   - waiting: Called once where another process is writing them.
  ///   - make: Makes them; called where this process writes them.
  /// - Throws: `ShardStoreError`, `LogitCacheError.notKept` where they have to be another cache's and
  ///   are not there; what `make` throws.
  package func prepareTables(waiting: () -> Void = {}, make: () throws -> CacheTables) throws {
    if needsTables, let digest = specification.tablesDigest {
      throw LogitCacheError.notKept(
        what: "the tables \(digest) of another cache", folder: folder.path)
    }
    try prepare(CacheFormat.tables, waiting: waiting) {
      try CacheTables.write(folder: folder, specification: specification, make: make)
    }
  }

  /// Writes what all blocks share; does nothing where another process did.
  ///
  /// - Throws: As `prepareTables`.
  package func writeTables(_ tables: CacheTables) throws { try prepareTables { tables } }

  /// Writes the lengths of all sequences, for students that train before the cache is complete, or
  /// waits for the process that does.
  ///
  /// - Parameters:
  ///   - waiting: Called once where another process is writing them.
  ///   - tokenCounts: Occurrences of each token ID, where they weight the masks.
  ///   - lengths: Tokens of each sequence of a block, by its corpus-wide number.
  /// - Throws: `ShardStoreError`; what `lengths` throws.
  package func prepareSequences(
    waiting: () -> Void = {}, tokenCounts: [UInt64]?, lengths: (Int) throws -> [Int32]
  ) throws {
    try prepare(CacheFormat.sequences, waiting: waiting) {
      try CacheSequences.write(
        folder: folder, specification: specification, tokenCounts: tokenCounts, lengths: lengths)
    }
  }

  /// The tables that were written.
  ///
  /// - Throws: `LogitCacheError`, `ShardStoreError`.
  package func readTables() throws -> CacheTables {
    try TablesReader(folder: folder, specification: specification).allTables()
  }

  /// Runs `write` until a shard is sealed, by this process or another.
  private func prepare(_ name: String, waiting: () -> Void, write: () throws -> Void) throws {
    var isTold = false
    while !isSealed(name) {
      do {
        try write()
      } catch ShardStoreError.locked {
        if !isTold { waiting() }
        isTold = true
        Thread.sleep(forTimeInterval: Polling.seconds)
      } catch ShardStoreError.alreadySealed {
        return
      }
    }
  }
}
