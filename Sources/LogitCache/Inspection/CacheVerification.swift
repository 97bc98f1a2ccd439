package import Foundation
import ShardStore

/// Reads all of a cache and names everything that is not as it was written.
///
/// One caller at a time.
package final class CacheVerification {
  /// The cache.
  package let shards: CacheShards
  /// Number of blocks of the sealed shards.
  package let blockCount: Int

  private let sealed: [Int]
  private var tables: CacheTables?
  /// Checksums of the sequences of each corpus shard's blocks, as the first replica has them.
  private var sequences: [Int: [[UInt8]?]] = [:]
  private var sequenceCount = 0

  /// Reads the manifest.
  ///
  /// - Throws: `LogitCacheError`.
  package init(folder: URL) throws {
    let shards = try CacheShards(folder: folder)
    self.shards = shards
    sealed = shards.sealed
    blockCount = sealed.reduce(0) { $0 + shards.place($1).blocks }
  }

  /// Number of shards that are there; of an incomplete cache the others are not missed.
  package var sealedShards: Int { sealed.count }

  /// Reads everything: sizes, digests, every checksum, and what streams must agree on.
  ///
  /// - Parameter progress: Receives the number of blocks read, after each.
  /// - Returns: All that is wrong, in order; nothing where the cache is sound.
  package func run(progress: (Int) -> Void = { _ in }) -> [CacheProblem] {
    var problems = verifyTables() + verifySequences()
    var done = 0
    sequences = [:]
    sequenceCount = 0
    let wanted = shards.manifest.complete ? Array(0..<shards.count) : sealed
    for index in wanted {
      let place = shards.place(index)
      let reader: ShardReader
      do {
        reader = try shards.open(index)
      } catch {
        problems.append(CacheProblem(error, shard: place.name, index: index))
        done += place.blocks
        progress(done)
        continue
      }
      problems += verify(reader, index, block: ShardFormat.shardLevel)
      for block in 0..<place.blocks {
        problems += verify(reader, index, block: block)
        done += 1
        progress(done)
      }
      if problems.allSatisfy({ $0.index != index }) {
        problems += compareSequences(reader, index)
      }
    }
    if problems.isEmpty && shards.manifest.complete
      && sequenceCount != shards.specification.sequences
    {
      problems.append(
        CacheProblem(
          shard: shards.name(0), index: 0, stream: StreamName.lengths,
          reason: "the shards hold \(sequenceCount) sequences, the manifest says "
            + "\(shards.specification.sequences)"))
    }
    return problems
  }

  private func verifyTables() -> [CacheProblem] {
    tables = nil
    let name = CacheShards.tables
    if !shards.manifest.complete && !shards.isThere(name) { return [] }
    do {
      let tables = try shards.tablesReader()
      let reader = tables.shard
      var problems: [CacheProblem] = []
      for block in ShardFormat.shardLevel..<reader.blockCount {
        problems += damagedStreams(reader, index: nil, block: block)
      }
      guard problems.isEmpty else { return problems }
      // Matrices are read once, to be checked; blocks do not need them.
      _ = try tables.allTables()
      self.tables = try tables.tables()
      return []
    } catch {
      return [CacheProblem(error, shard: name, index: nil)]
    }
  }

  private func verifySequences() -> [CacheProblem] {
    let name = CacheShards.sequences
    guard shards.isThere(name) else { return [] }
    do {
      let kept = try CacheSequences(folder: shards.folder, specification: shards.specification)
      var problems: [CacheProblem] = []
      let reader = try ShardReader(url: shards.file(name))
      for block in ShardFormat.shardLevel..<reader.blockCount {
        problems += damagedStreams(reader, index: nil, block: block)
      }
      guard problems.isEmpty, let kept else { return problems }
      for (shard, blocks) in shards.specification.blocksPerShard.enumerated() {
        for block in 0..<blocks { _ = try kept.lengths(corpusShard: shard, block: block) }
      }
      return []
    } catch {
      return [CacheProblem(error, shard: name, index: nil)]
    }
  }

  /// Every stream by itself, then all together.
  private func verify(_ reader: ShardReader, _ index: Int, block: Int) -> [CacheProblem] {
    let damaged = damagedStreams(reader, index: index, block: block)
    // Without its tables nothing can be decoded; they are reported then.
    guard damaged.isEmpty, block >= 0, let tables else { return damaged }
    do {
      let decoder = shards.decoder(reader, block: block, tables: tables)
      let decoded = try decoder.decode(ReadOptions())
      let invariants = BlockInvariants(
        block: decoded, audit: try decoder.auditRows(),
        targets: shards.specification.targets)
      if shards.place(index).replica == 0 { sequenceCount += decoded.lengths.count }
      guard let (stream, reason) = invariants.contradiction() else { return [] }
      return [
        CacheProblem(
          shard: reader.name, index: index, block: block, stream: stream, reason: reason)
      ]
    } catch {
      return [CacheProblem(error, shard: reader.name, index: index, block: block)]
    }
  }

  private func damagedStreams(
    _ reader: ShardReader, index: Int?, block: Int
  ) -> [CacheProblem] {
    reader.streamNames(block: block).compactMap { name in
      do {
        _ = try reader.stream(name, block: block)
        return nil
      } catch {
        return CacheProblem(error, shard: reader.name, index: index, block: block, stream: name)
      }
    }
  }

  /// All replicas of a corpus shard hold the same sequences.
  private func compareSequences(_ reader: ShardReader, _ index: Int) -> [CacheProblem] {
    let corpusShard = index % shards.specification.blocksPerShard.count
    let found = (0..<reader.blockCount).map { reader.checksum(StreamName.ids, block: $0) }
    guard let expected = sequences.updateValue(found, forKey: corpusShard) else { return [] }
    return zip(expected, found).enumerated().filter { $0.element.0 != $0.element.1 }.map {
      CacheProblem(
        shard: reader.name, index: index, block: $0.offset, stream: StreamName.ids,
        reason: "the sequences are not those of another replica")
    }
  }
}
