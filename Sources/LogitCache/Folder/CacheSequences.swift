import Foundation
import ShardStore

/// What is known of a cache's sequences before the teacher has run; it lies in `sequences.sqlite`.
///
/// A student that trains while the teacher writes takes the order of its batches from it. A complete
/// cache has the same in its shards.
struct CacheSequences: Sendable {
  private let reader: ShardReader
  private let specification: CacheSpecification

  private static func metadata(_ specification: CacheSpecification) -> [String: String] {
    ["kind": "sequences", "corpusDigest": specification.corpusDigest]
  }

  /// Writes and seals the file.
  ///
  /// - Parameters:
  ///   - folder: The cache's folder.
  ///   - specification: What the cache holds.
  ///   - tokenCounts: Occurrences of each token ID, where they weight the masks.
  ///   - lengths: Tokens of each sequence of a block, by its corpus-wide number.
  /// - Throws: `ShardStoreError`, `.locked` where another process is writing it; what `lengths`
  ///   throws.
  static func write(
    folder: URL, specification: CacheSpecification, tokenCounts: [UInt64]?,
    lengths: (Int) throws -> [Int32]
  ) throws {
    let writer = try ShardWriter(
      folder: folder, name: CacheFormat.sequences, metadata: metadata(specification))
    defer { writer.close() }
    if let tokenCounts {
      try writer.appendShardStream(
        NamedStream(name: StreamName.tokenCounts, bytes: LittleEndian.bytes(tokenCounts)))
    }
    for shard in stride(
      from: writer.committedBlocks, to: specification.blocksPerShard.count, by: 1)
    {
      let first = specification.blocksPerShard[..<shard].reduce(0, +)
      let blocks = try (first..<first + specification.blocksPerShard[shard]).map(lengths)
      try writer.append(block: [
        NamedStream(
          name: StreamName.rows, bytes: LittleEndian.bytes(blocks.map { UInt16($0.count) })),
        NamedStream(
          name: StreamName.lengths, bytes: LittleEndian.bytes(blocks.joined().map(UInt16.init))),
      ])
    }
    _ = try writer.seal()
  }

  /// Opens the sealed file; nil where it is not there.
  ///
  /// - Throws: `ShardStoreError`, `LogitCacheError.wrongShard`.
  init?(folder: URL, specification: CacheSpecification) throws {
    let file = folder.appending(path: "\(CacheFormat.sequences).sqlite")
    guard FileManager.default.fileExists(atPath: file.path) else { return nil }
    reader = try ShardReader(url: file)
    self.specification = specification
    try reader.require(Self.metadata(specification))
    try require("number of corpus shards", specification.blocksPerShard.count, reader.blockCount)
  }

  /// Tokens of each sequence of a block.
  ///
  /// - Parameters:
  ///   - corpusShard: The shard that holds the block.
  ///   - block: The block's number in it.
  /// - Returns: One number a sequence, 1 or more each.
  /// - Throws: `ShardStoreError`, `LogitCacheError.wrongShard`.
  func lengths(corpusShard: Int, block: Int) throws -> [Int32] {
    let counts = try numbers(StreamName.rows, corpusShard)
    let lengths = try numbers(StreamName.lengths, corpusShard)
    try require("number of blocks", specification.blocksPerShard[corpusShard], counts.count)
    try require("number of sequences", counts.reduce(0) { $0 + Int($1) }, lengths.count)
    let start = counts[..<block].reduce(0) { $0 + Int($1) }
    let result = lengths[start..<start + Int(counts[block])].map(Int32.init)
    guard !result.isEmpty, result.allSatisfy({ $0 > 0 }) else {
      throw wrong("lengths", expected: "1 or more each", found: "none, or 0")
    }
    return result
  }

  /// Occurrences of each token ID, where they weight the masks.
  ///
  /// - Throws: `ShardStoreError`, `LogitCacheError.wrongShard`.
  func tokenCounts() throws -> [UInt64] {
    let bytes = try reader.shardStream(StreamName.tokenCounts)
    let counts = LittleEndian.values(bytes, as: UInt64.self) ?? []
    try require("number of token counts", specification.vocabSize, counts.count)
    return counts
  }

  private func numbers(_ stream: String, _ shard: Int) throws -> [UInt16] {
    let bytes = try reader.stream(stream, block: shard)
    guard let numbers = LittleEndian.values(bytes, as: UInt16.self) else {
      throw wrong(stream, expected: "two bytes each", found: "\(bytes.count) bytes")
    }
    return numbers
  }

  private func require(_ what: String, _ expected: Int, _ found: Int) throws {
    if expected != found { throw wrong(what, expected: "\(expected)", found: "\(found)") }
  }

  private func wrong(_ what: String, expected: String, found: String) -> LogitCacheError {
    .wrongShard(shard: reader.name, what: what, expected: expected, found: found)
  }
}
