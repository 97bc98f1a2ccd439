package import ShardStore

/// How large a cache will be, from the streams of a block that was encoded and thrown away.
package enum CacheSize {
  /// SQLite's own share, on shards of ten blocks and more; `docs/FORMAT.md` has the measurement.
  private static let container = 1.03

  /// Stored bytes of some streams by name, compressed as a shard keeps them.
  package static func storedBytes(_ streams: [NamedStream]) throws -> [String: Int] {
    var bytes: [String: Int] = [:]
    for stream in streams {
      bytes[stream.name, default: 0] += try EncodedStream(stream, effort: .high).storedBytes
    }
    return bytes
  }

  /// An estimate of the whole cache in bytes, tables and audit rows included.
  ///
  /// - Parameters:
  ///   - specification: The cache.
  ///   - sampleBytes: Stored bytes of the streams of a block without audit rows.
  ///   - share: The cache's tokens, over all replicas, for each of the block's.
  /// - Returns: Bytes on the disk.
  package static func bytes(
    _ specification: CacheSpecification, sampleBytes: Int, share: Double
  ) -> Int {
    let vocabSize = Double(specification.vocabSize)
    let inputSize = specification.teacher.inputSize
    let audited =
      specification.blocksPerShard.count * specification.auditRowsPerShard * specification.replicas
    let columns = specification.targets.reduce(0) { columns, target in
      switch target.tail {
      case .lowrank: columns + target.basisRank(inputSize: inputSize)
      case .hidden: max(columns, inputSize)
      case .scalars, .sampled: columns
      }
    }
    let size = Double(sampleBytes) * share + Double(audited) * 4 * vocabSize
    return Int(size * container + 2 * vocabSize + 4 * vocabSize * Double(columns))
  }
}

extension CacheReader {
  /// Stored bytes of each stream per position that keeps a target, by name.
  ///
  /// - Throws: `ShardStoreError`.
  package func bytesPerRow() throws -> [String: Double] {
    let rows = Double(max(rowCount, 1))
    return try streamBytes().mapValues { Double($0.stored) / rows }
  }

  /// Bytes of the shards' files per position that keeps a target, audit rows and SQLite included.
  package var fileBytesPerRow: Double {
    Double(manifest.shards.reduce(0) { $0 + $1.bytes }) / Double(max(rowCount, 1))
  }
}
