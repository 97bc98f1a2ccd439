import Foundation
import Kernels
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

  /// Changes the integers of a coded stream of the block.
  private func change(
    _ stream: inout NamedStream, _ codes: [PrefixCode], of sample: SampleCache,
    _ body: (inout [[UInt32]]) -> Void
  ) {
    let rows = sample.targetBlock(1, replica: 1).positions.count
    guard var coded = CodedStream(stream.bytes, codes: codes, rows: rows) else {
      Issue.record("no coded stream")
      return
    }
    body(&coded.columns)
    stream.bytes = coded.bytes
  }

  @Test func aStepOfTheHeadIsItsDifference() throws {
    let sample = SampleCache()
    let codes = sample.tables.targets[0].headSteps
    let found = try compare(sample) { stream in
      guard stream.name == "head.steps" else { return }
      change(&stream, codes, of: sample) { $0[6][2] += 1 }
    }
    #expect(found.differingStreams == ["head.steps"])
    #expect(found.largestDifference == 1.0 / 16)
    #expect(found.quantisation == 1.0 / 16)
    #expect(found.changedTokens == 0)
  }

  @Test func coefficientsDifferByWhatTheirLogitsDiffer() throws {
    let sample = SampleCache(target: TargetSpecification(headK: 4, tail: .lowrank, rank: 5))
    let tables = sample.tables
    let found = try compare(sample) { stream in
      guard stream.name == "tail.lowrank" else { return }
      // Two steps: signed numbers alternate.
      change(&stream, tables.targets[0].coefficients, of: sample) { $0[3][1] += 4 }
    }
    #expect(found.differingStreams == ["tail.lowrank"])
    let decoder = try #require(tables.lowRank[0])
    let step = try #require(tables.targets[0].basis).steps[3]
    let largest =
      stride(from: 3, to: decoder.weight.count, by: decoder.components)
      .map { abs(decoder.weight[$0]) }.max() ?? 0
    // A product of single precision.
    #expect(abs((found.largestDifference ?? 0) - Double(2 * step * largest)) < 1e-5)
    let most =
      decoder.weight.enumerated().filter { $0.offset % decoder.components < 5 }
      .map { abs($0.element) }.max() ?? 0
    #expect(abs((found.quantisation ?? 0) - max(1.0 / 16, Double(step * most))) < 1e-5)
  }

  @Test func hiddenRowsDifferByWhatTheirLogitsDiffer() throws {
    let sample = SampleCache(target: TargetSpecification(headK: 0, tail: .hidden))
    let found = try compare(sample) { stream in
      // The first row's first number by one scale, up or down within a byte.
      if stream.name == "tail.hidden" { stream.bytes[0] ^= 1 }
    }
    #expect(found.differingStreams == ["tail.hidden"])
    let block = try CacheReader(folder: folder.url).readBlock(1, replica: 1)
    guard case .hidden(let hidden) = block.parts[0].tail else {
      Issue.record("another tail")
      return
    }
    let scale = try #require(hidden.scale(0))
    let weights = try #require(sample.tables.decoder).weight
    let largest = stride(from: 0, to: weights.count, by: 16).map { weights[$0] }.max() ?? 0
    // A product and a sum of single precision.
    #expect(abs((found.largestDifference ?? 0) - Double(scale * largest)) < 1e-5)
  }

  @Test func anotherTokenIsCounted() throws {
    let sample = SampleCache()
    let codes = sample.tables.targets[0].headIDs
    let found = try compare(sample) { stream in
      guard stream.name == "head.ids" else { return }
      change(&stream, codes, of: sample) { columns in
        // A rank that the row's head does not have.
        let row = columns.map { $0[0] }
        columns[2][0] = (0..<300).first { !row.contains($0) } ?? 0
      }
    }
    #expect(found.differingStreams == ["head.ids"])
    #expect(found.changedTokens == 1)
  }
}
