import Foundation
import LogitCache
import ShardStore
import TestSupport
import Testing

@Suite struct LiveComparisonTests {
  private let folder: TemporaryFolder
  private let scratch: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    scratch = try TemporaryFolder()
  }

  private func compare(
    _ sample: SampleCache, _ change: (inout NamedStream) -> Void
  ) throws -> LiveComparison {
    try sample.write(to: folder.url)
    let rows = sample.targetBlock(1, replica: 1).positions.count
    let audited = sample.specification.auditRows(block: 1, blocks: 3, rows: rows)
    var streams = try sample.encode(1, replica: 1, auditRows: audited)
    for index in streams.indices { change(&streams[index]) }
    return try LiveComparison(
      CacheShards(folder: folder.url), shard: 2, block: 1, computed: streams,
      scratch: scratch.url)
  }

  @Test func theSameBlockHasNoDifference() throws {
    let found = try compare(SampleCache(states: .int8)) { _ in }
    #expect(found.differingStreams == [])
    #expect(found.largestDifference == nil)
  }

  @Test func aStepOfTheHeadIsItsDifference() throws {
    let found = try compare(SampleCache()) { stream in
      if stream.name == "head.steps" { stream.bytes[stream.bytes.count / 8] += 1 }
    }
    #expect(found.differingStreams == ["head.steps"])
    #expect(found.largestDifference == 1.0 / 16)
    #expect(found.changedTokens == 0)
  }

  @Test func hiddenRowsDifferByWhatTheirLogitsDiffer() throws {
    let sample = SampleCache(target: TargetSpecification(headK: 0, tail: .hidden))
    let found = try compare(sample) { stream in
      // The first row's first number by one scale, up or down within a byte.
      if stream.name == "tail.hidden" { stream.bytes[0] ^= 1 }
    }
    #expect(found.differingStreams == ["tail.hidden"])
    let block = try CacheReader(folder: folder.url).readBlock(1, replica: 1)
    let scale = try #require(block.hidden?.scale(0))
    let weights = try #require(sample.tables.decoder).weight
    let largest = stride(from: 0, to: weights.count, by: 16).map { weights[$0] }.max() ?? 0
    // A product and a sum of single precision.
    #expect(abs((found.largestDifference ?? 0) - Double(scale * largest)) < 1e-5)
  }

  @Test func anotherTokenIsCounted() throws {
    let sample = SampleCache()
    let found = try compare(sample) { stream in
      if stream.name == "head.ids" { stream.bytes[0] ^= 0xFF }
    }
    #expect(found.differingStreams == ["head.ids"])
    #expect(found.changedTokens == 1)
  }
}
