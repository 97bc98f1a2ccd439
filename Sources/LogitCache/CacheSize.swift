import ShardStore

/// How large a cache will be, before the teacher has run.
package enum CacheSize {
  /// Stored bytes of one ID of the head, after byte planes and LZ4.
  private static let headID = 1.5
  /// Stored bytes of one log-step increment.
  private static let headStep = 0.75
  /// Stored bytes of the five scalars of a row.
  private static let scalars = 8.5
  /// Stored bytes of one token of the sequences.
  private static let token = 1.6
  /// Stored bytes of the position of a row.
  private static let position = 1.0

  /// An estimate of the stored bytes of one row's own streams: head, tail, states, position.
  package static func bytesPerRow(_ specification: CacheSpecification) -> Double {
    let width = Double(specification.teacher.hiddenSize)
    let head = Double(specification.target.headK) * (headID + headStep)
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
  ///   - rows: Positions that keep a target, over all replicas.
  ///   - tokens: Tokens of the corpus, once.
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
      + Double(audited) * 4 * vocabSize + 2 * vocabSize + tables
    return Int(size)
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
