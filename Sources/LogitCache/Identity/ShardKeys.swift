package import Foundation
import ShardStore

/// The identities of a cache's shards, each of which covers what determines that shard's bytes and
/// nothing else.
///
/// Two caches whose shards have one key may share the file: one with more mask replicas, or one of a
/// corpus that has grown. `docs/FORMAT.md` tells what a key is made of.
package struct ShardKeys: Sendable {
  /// The fields of a specification that say which shards a cache has, and not what is in one.
  private static let ofTheWhole = [
    "corpusDigest", "sequences", "blocksPerShard", "corpusShards", "replicas", "tablesDigest",
    "derivedFrom",
  ]

  /// The part of all keys of a cache: what is equal in caches that may share shards.
  package let common: PlainValue
  /// Digest of the cache's `tables.sqlite`.
  package let tables: String
  private let corpusShards: [String]
  private let maskReplicas: [Int]

  /// The keys of a cache.
  ///
  /// - Parameters:
  ///   - specification: The cache.
  ///   - tables: Digest of its tables, its own or inherited.
  package init(_ specification: CacheSpecification, tables: String) {
    common = Self.common(specification)
    self.tables = tables
    maskReplicas = (0..<specification.replicas).map(specification.maskReplica)
    corpusShards = specification.corpusShards
  }

  /// The keys of a cache whose tables are sealed.
  ///
  /// - Throws: `ShardStoreError`, `LogitCacheError.wrongShard`.
  package init(folder: URL, specification: CacheSpecification) throws {
    let reader = try TablesReader(folder: folder, specification: specification)
    self.init(specification, tables: reader.shard.summary.digest)
  }

  /// The key of a shard.
  ///
  /// - Precondition: The shard exists.
  package func key(_ index: Int) -> String {
    PlainValue.object([
      "formatVersion": .unsigned(UInt64(CacheFormat.version)), "specification": common,
      "corpusShard": .text(corpusShard(index)), "replica": .unsigned(UInt64(replica(index))),
      "tables": .text(tables),
    ]).digest()
  }

  /// What a shard's metadata must be.
  package func metadata(_ index: Int) -> [String: String] {
    [
      "kind": "logits", "key": key(index), "replica": "\(replica(index))",
      "corpusShard": corpusShard(index),
    ]
  }

  /// What tells a cache's shards from each other, where all else of their keys is equal.
  struct Place: Hashable {
    let corpusShard: String
    let replica: Int
  }

  /// Where a shard belongs.
  ///
  /// - Precondition: The shard exists.
  func place(_ index: Int) -> Place {
    Place(corpusShard: corpusShard(index), replica: replica(index))
  }

  /// What of a specification determines the bytes of every shard.
  fileprivate static func common(_ specification: CacheSpecification) -> PlainValue {
    specification.plainValue().removing(ofTheWhole).removingMaskReplicas()
      .adding(content(specification.derivedFrom))
  }

  private func replica(_ index: Int) -> Int { maskReplicas[index / corpusShards.count] }

  /// What of an origin tells of a shard's bytes; nothing where a teacher pass made them.
  private static func content(_ origin: CacheOrigin?) -> [String: PlainValue] {
    var fields: [String: PlainValue] = [:]
    if let headK = origin?.headK { fields["headK"] = .unsigned(UInt64(headK)) }
    if let rank = origin?.rank { fields["rank"] = .unsigned(UInt64(rank)) }
    if let digest = origin?.importedDigest { fields["importedDigest"] = .text(digest) }
    return fields.isEmpty ? [:] : ["derivedFrom": .object(fields)]
  }

  private func corpusShard(_ index: Int) -> String { corpusShards[index % corpusShards.count] }
}

extension CacheSpecification {
  /// The identity of tables that are a cache's own: they do not depend on the number of replicas, and
  /// those that are cut from other tables on nothing but these and the cut.
  package func tablesKey() -> String {
    var key: [String: PlainValue] = [
      "formatVersion": .unsigned(UInt64(CacheFormat.version))
    ]
    if let whole = derivedFrom?.tables {
      key["cutFrom"] = .text(whole)
      key["specification"] = ShardKeys.common(self)
    } else {
      key["specification"] = plainValue().removing(["replicas", "tablesDigest"])
        .removingMaskReplicas()
    }
    return PlainValue.object(key).digest()
  }

  /// Whether another specification is the same but for where the tables come from.
  package func isSameButForTables(_ other: CacheSpecification) -> Bool {
    var copy = other
    copy.tablesDigest = tablesDigest
    return copy == self
  }
}

extension PlainValue {
  /// This object without some of its fields; any other value as it is.
  func removing(_ names: [String]) -> PlainValue {
    guard case .object(let fields) = self else { return self }
    return .object(fields.filter { !names.contains($0.key) })
  }

  /// This object with more fields; any other value as it is.
  fileprivate func adding(_ more: [String: PlainValue]) -> PlainValue {
    guard case .object(let fields) = self else { return self }
    return .object(fields.merging(more) { $1 })
  }

  /// A specification's fields without the number of replicas in its masks, on which no mask depends.
  fileprivate func removingMaskReplicas() -> PlainValue {
    guard case .object(var fields) = self, let mask = fields["mask"] else { return self }
    fields["mask"] = mask.removing(["replicas"])
    return .object(fields)
  }
}
