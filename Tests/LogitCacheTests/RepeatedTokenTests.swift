import Kernels
import LogitCache
import ShardStore
import TestSupport
import Testing

/// A head that names a token twice would count its probability twice.
@Suite struct RepeatedTokenTests {
  @Test func theFirstRowIsFound() {
    let ids: [Int32] = [0, 1, 2, 2, 1, 0, 5, 3, 5, 4, 4, 4]
    func repeated(_ ids: [Int32]) -> Int? {
      ids.withUnsafeBufferPointer { CodedTargets.repeatedRow($0, width: 3, vocabSize: 6) }
    }
    #expect(repeated(ids) == 2)
    #expect(repeated(Array(ids[..<6])) == nil)
    #expect(repeated([]) == nil)
  }

  @Test func aBlockWithOneIsRefusedByItsStream() throws {
    let sample = SampleCache(target: TargetSpecification(headK: 3, tail: .scalars))
    let folder = try TemporaryFolder()
    let writer = try CacheWriter(folder: folder.url, specification: sample.specification)
    try writer.writeTables(sample.tables)
    let tail = SoftTargetSelection.TailScalars(
      logPartition: 0, slope: -3, halfLogPartition: 2, halfSlope: -4, mean: -5)
    for index in writer.pendingShards {
      let place = writer.place(ofShard: index)
      let shard = try writer.beginShard(index)
      for block in place.firstBlock..<place.firstBlock + place.blocks {
        let shape = sample.targetBlock(block, replica: place.replica)
        let encoder = try SoftTargetEncoder(
          specification: sample.specification, tables: sample.tables, block: shape)
        for row in shape.positions.indices {
          let ids: [Int32] = block == 1 && row == 1 ? [7, 9, 7] : [7, 9, 8]
          try ids.withUnsafeBufferPointer { ids in
            try [Float](arrayLiteral: 2, 1, 0).withUnsafeBufferPointer {
              try encoder.add(row: row, headIDs: ids, headLogits: $0, tail: tail)
            }
          }
        }
        try shard.append(block: encoder.finish())
      }
      _ = try shard.seal()
    }
    _ = try writer.finish()
    let reader = try CacheReader(folder: folder.url)
    _ = try reader.readBlock(0, replica: 0)
    let error = #expect(throws: LogitCacheError.self) { try reader.readBlock(1, replica: 0) }
    #expect("\(try #require(error))".contains("block 1, stream 'head.ids': IDs of row 1"))
  }
}
