import ShardStore

/// The shards of a smaller cache.
extension CacheSubset {
  /// Writes a shard, or gives the one of the whole a second name where nothing of it changes.
  func copy(
    _ index: Int, from oldIndex: Int, _ writer: CacheWriter, _ new: CacheShards
  ) throws {
    let reader = try source.open(oldIndex)
    // The key covers all that determines the bytes.
    if try reader.metadata == new.metadata(index) {
      try reader.verify()
      try AtomicFile.share(source.file(source.name(oldIndex)), as: new.file(new.name(index)))
      return
    }
    let shard = try writer.beginShard(index)
    defer { shard.close() }
    for block in shard.committedBlocks..<reader.blockCount {
      try shard.append(block: try streams(reader, block: block))
    }
    _ = try shard.seal()
  }

  private func streams(_ reader: ShardReader, block: Int) throws -> [EncodedStream] {
    let smaller = SmallerTarget(
      decoder: source.decoder(reader, block: block, tables: blockTables),
      targets: specification.targets)
    let changed = try smaller.streams()
    return try reader.storedNames(block: block).compactMap { name in
      if isDropped(name) || smaller.isDropped(name) { return nil }
      if let stream = changed[name] { return try EncodedStream(stream, effort: .high) }
      return try reader.storedStream(name, block: block)
    }
  }

  private func isDropped(_ name: String) -> Bool {
    switch name {
    case let name where StreamName.isOfStates(name): specification.states == .none
    case StreamName.auditRows, StreamName.auditLogits: !selection.keepsAuditRows
    default: false
    }
  }
}
