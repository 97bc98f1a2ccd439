import ShardStore

/// How large a cache will be, before the teacher has run.
///
/// The constants were measured on 1,656 masked positions of WikiText-2 (valid) under a MiniLM teacher
/// (V = 30,522), heads of 16 and 64; `docs/FORMAT.md` has the figures.
package enum CacheSize {
  /// Stored bytes of the head of k: IDs, then log-steps, which grow slower than k.
  private static func head(_ k: Double) -> Double {
    k == 0 ? 0 : max(k, 1.71 * k - 3.1) + min(k, 0.325 * k + 5.5)
  }
  /// Stored bytes of the five scalars of a row.
  private static let scalars = 9.65
  /// Stored bytes of one token of the sequences.
  private static let token = 1.4
  /// Stored bytes of the position of a row.
  private static let position = 1.0
  /// Stored bytes of a sequence: length, number of rows, checksum.
  private static let sequence = 12.0
  /// SQLite's own share, on shards of ten blocks and more.
  private static let container = 1.03

  /// An estimate of the stored bytes of one row's own streams: head, tail, states, position.
  package static func bytesPerRow(_ specification: CacheSpecification) -> Double {
    let width = Double(specification.teacher.hiddenSize)
    let head = head(Double(specification.target.headK))
    let tail = specification.target.tail == .hidden ? width + 2 : scalars
    let states =
      switch specification.states {
      case .none: 0.0
      case .int8: width + 2
      case .fp16: 2 * width
      }
    return position + head + tail + states
  }

  /// An estimate of the whole cache in bytes, tables and audit rows included.
  ///
  /// - Parameters:
  ///   - specification: The cache.
  ///   - rows: Positions that keep a target, over all replicas.
  ///   - tokens: Tokens of the corpus, once.
  /// - Returns: Bytes on the disk.
  package static func bytes(
    _ specification: CacheSpecification, rows: Int, tokens: Int
  ) -> Int {
    let vocabSize = Double(specification.vocabSize)
    let audited =
      specification.blocksPerShard
      .reduce(0) { $0 + min($1, specification.auditRowsPerShard) } * specification.replicas
    let tables =
      specification.target.tail == .hidden
      ? 4 * vocabSize * Double(specification.teacher.hiddenSize + 1) : 0
    let size =
      Double(rows) * bytesPerRow(specification)
      + Double(specification.replicas * tokens) * token
      + Double(specification.replicas * specification.sequences) * sequence
      + Double(audited) * 4 * vocabSize + 2 * vocabSize + tables
    return Int(size * container)
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
