/// Where a cache's numbers come from, where not from a teacher pass of this program.
package struct CacheOrigin: Codable, Hashable, Sendable {
  /// The fingerprint of the cache that it is a part of.
  package var fingerprint: String?
  /// The mask replica of each of its replicas.
  package var replicas: [Int]?
  /// The corpus shard of each of its shards of a replica.
  package var shards: [Int]?
  /// Entries of the head from which this one was cut, whose tail is that of a quantised head; nil
  /// where shards are as the teacher pass made them, but for streams that are left out.
  package var headK: Int?
  /// Coefficients of the tail `lowrank` from which these were cut; nil where none were.
  package var rank: Int?
  /// Digest of the tables from which its own are cut; nil where they are not, and in caches of older
  /// versions.
  package var tables: String?
  /// SHA-256 over the files that were imported.
  package var importedDigest: String?

  /// A part of another cache.
  package init(partOf fingerprint: String, replicas: [Int], shards: [Int]) {
    self.fingerprint = fingerprint
    self.replicas = replicas
    self.shards = shards
  }

  /// Files of another program.
  package init(importedDigest: String) { self.importedDigest = importedDigest }
}

extension CacheSpecification {
  /// The mask replica with which a replica's sequences were corrupted: its own number, but in a part of
  /// another cache.
  ///
  /// - Precondition: The replica exists.
  package func maskReplica(_ replica: Int) -> Int {
    precondition((0..<replicas).contains(replica), "replica \(replica) of \(replicas)")
    return derivedFrom?.replicas?[replica] ?? replica
  }

  /// Checks that the origin fits the other fields.
  func validateOrigin() throws {
    guard let derivedFrom else { return }
    func require(_ condition: Bool, _ reason: String) throws {
      if !condition {
        throw LogitCacheError.invalidSpecification(field: "derivedFrom", reason: reason)
      }
    }
    if let mapped = derivedFrom.replicas {
      try require(
        mapped.count == replicas && mapped.allSatisfy { (0..<65_536).contains($0) },
        "\(mapped.count) replicas of \(replicas)")
    }
    if let mapped = derivedFrom.shards {
      try require(
        mapped.count == blocksPerShard.count && mapped.allSatisfy { (0..<1_000_000).contains($0) },
        "\(mapped.count) shards of \(blocksPerShard.count)")
    }
  }
}
