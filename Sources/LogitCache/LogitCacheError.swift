/// What can go wrong with a logit cache: what, where, and how to mend it.
///
/// Damage to a shard file itself is reported as `ShardStoreError`.
package enum LogitCacheError: Error, Equatable {
  /// A value of a specification is out of range.
  case invalidSpecification(field: String, reason: String)
  /// The folder is not a cache.
  case notACache(folder: String, reason: String)
  /// The manifest cannot be used.
  case damagedManifest(file: String, what: String, expected: String, found: String)
  /// The folder holds another cache than the one asked for.
  case otherCache(folder: String, differences: [FieldDifference])
  /// The cache was made for another tokenizer, vocabulary or corpus.
  case mismatch(folder: String, differences: [FieldDifference])
  /// Not every shard is there yet.
  case incomplete(folder: String, sealed: Int, total: Int)
  /// A shard is whole but not the one that belongs there.
  case wrongShard(shard: String, what: String, expected: String, found: String)
  /// A stream's content makes no sense.
  case damagedBlock(
    shard: String, block: Int, stream: String, what: String, expected: String, found: String)
  /// A block or row given to the encoder cannot be stored.
  case badTarget(what: String, reason: String)
  /// The cache does not hold what was asked of it.
  case notKept(what: String, folder: String)
  /// The folder is not one that holds caches.
  case notAStore(folder: String, reason: String)
  /// A shard that was computed anew is not the one that was there.
  case notRepaired(shard: String, expected: String, found: String)
  /// Something cannot be done with this cache.
  case unsuitable(folder: String, reason: String)
  /// A file that is to be imported cannot be used.
  case badImport(file: String, reason: String)
}

extension LogitCacheError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .invalidSpecification(let field, let reason):
      "\(field): \(reason)."
    case .notACache(let folder, let reason):
      "\(folder): not a logit cache: \(reason). Name the folder that 'pipeline cache-teacher' "
        + "wrote, or a new one."
    case .damagedManifest(let file, let what, let expected, let found):
      "\(file): \(what) is \(found), expected \(expected). Copy the cache again, or run "
        + "'pipeline cache-teacher' into a new folder."
    case .otherCache(let folder, let differences):
      "\(folder): holds another cache:\n\(Self.list(differences))\nName another folder (with "
        + "'--extend' it takes the shards of this one that are the same), or delete this one."
    case .mismatch(let folder, let differences):
      "\(folder): the cache was made for something else:\n\(Self.list(differences))\nUse the "
        + "corpus and tokenizer it was made from, or run 'pipeline cache-teacher' on this corpus."
    case .incomplete(let folder, let sealed, let total):
      "\(folder): \(sealed) of \(total) shards are complete. Run the same 'pipeline "
        + "cache-teacher' command again; it goes on where it stopped. To train while it runs, add "
        + "'--missing wait' or '--missing skip' to 'train-student'."
    case .wrongShard(let shard, let what, let expected, let found):
      "\(shard): \(what) is \(found), expected \(expected): not the shard that belongs here. "
        + "Delete it and run 'pipeline cache-teacher' again."
    case .damagedBlock(let shard, let block, let stream, let what, let expected, let found):
      "\(shard), block \(block), stream '\(stream)': \(what) is \(found), expected \(expected). "
        + "Delete the shard and run 'pipeline cache-teacher' again."
    case .badTarget(let what, let reason):
      "\(what): \(reason). Check the teacher's weights."
    case .notKept(let what, let folder):
      "\(folder): the cache does not keep \(what). Run 'pipeline cache-teacher' with the options "
        + "that keep it, into a new folder."
    case .notAStore(let folder, let reason):
      "\(folder): not a folder of caches: \(reason). Name one with --store or PIPELINE_STORE."
    case .notRepaired(let shard, let expected, let found):
      "\(shard): computed anew it has the digest \(found), expected \(expected); nothing was "
        + "replaced. Repair on the kind of machine and with the version that wrote the cache, copy "
        + "the shard from elsewhere, or run 'pipeline cache-teacher' into a new folder."
    case .unsuitable(let folder, let reason):
      "\(folder): \(reason)."
    case .badImport(let file, let reason):
      "\(file): \(reason)"
    }
  }

  private static func list(_ differences: [FieldDifference]) -> String {
    differences.map { "  \($0.field): expected \(short($0.expected)), found \(short($0.found))" }
      .joined(separator: "\n")
  }

  /// A list of many digests says nothing to a person.
  private static func short(_ value: String) -> String {
    value.count <= 160 ? value : "\(value.prefix(150)) …"
  }
}

/// One field in which two things differ.
package struct FieldDifference: Hashable, Sendable {
  /// The field's path, for example `teacher.weightDigest`.
  package var field: String
  /// The value that was asked for.
  package var expected: String
  /// The value that is there.
  package var found: String

  /// A difference of those values.
  package init(field: String, expected: String, found: String) {
    self.field = field
    self.expected = expected
    self.found = found
  }
}
