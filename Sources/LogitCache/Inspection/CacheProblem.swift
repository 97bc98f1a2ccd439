import ShardStore

/// Something in a cache that is not as it was written: where, and what.
package struct CacheProblem: Hashable, Sendable {
  /// The file's name without `.sqlite`.
  package var shard: String
  /// The shard's number; nil for the tables.
  package var index: Int?
  /// The block; nil where the file as a whole cannot be used.
  package var block: Int?
  /// The stream; nil where several disagree, or the file cannot be used.
  package var stream: String?
  /// What was found, and what was expected.
  package var reason: String

  /// A problem at that place.
  package init(
    shard: String, index: Int?, block: Int? = nil, stream: String? = nil, reason: String
  ) {
    self.shard = shard
    self.index = index
    self.block = block
    self.stream = stream
    self.reason = reason
  }

  /// What an error says, at the place where it was met; the error may know the stream.
  init(_ error: any Error, shard: String, index: Int?, block: Int? = nil, stream: String? = nil) {
    self.init(shard: shard, index: index, block: block, stream: stream, reason: "\(error)")
    switch error {
    case ShardStoreError.damagedStream(_, _, let stream, let what, let expected, let found),
      LogitCacheError.damagedBlock(_, _, let stream, let what, let expected, let found):
      self.stream = stream
      reason = "\(what) is \(found), expected \(expected)"
    case ShardStoreError.missingStream(_, _, let stream):
      self.stream = stream
      reason = "missing"
    case ShardStoreError.streamTooLarge(_, _, let stream, let bytes, let limit):
      self.stream = stream
      reason = "\(bytes) bytes are more than the limit of \(limit)"
    case ShardStoreError.damagedDirectory(_, let what, let expected, let found),
      LogitCacheError.wrongShard(_, let what, let expected, let found):
      reason = "\(what) is \(found), expected \(expected)"
    case ShardStoreError.notAShard(_, let field, let expected, let found):
      reason = "not a shard: \(field) is \(found), expected \(expected)"
    case ShardStoreError.wrongFileSize(_, let expected, let found):
      reason = "has \(found) bytes, its header says \(expected)"
    case ShardStoreError.notFound:
      reason = "the file is missing"
    case ShardStoreError.unreadable(_, let text):
      reason = "cannot be read: \(text)"
    default: break
    }
  }
}

extension CacheProblem: CustomStringConvertible {
  package var description: String {
    var place = shard
    if let block { place += block < 0 ? ", shard level" : ", block \(block)" }
    if let stream { place += ", stream '\(stream)'" }
    return "\(place): \(reason)"
  }
}
