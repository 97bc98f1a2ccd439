import Foundation
import LogitCache
import ShardStore
import TestSupport
import Testing

/// Caches that keep the states of several layers.
@Suite struct StateLayerTests {
  /// A cache of layers 0 and 2 of two.
  private func sample(_ states: StateStorage, layers: [Int]?) -> SampleCache {
    var sample = SampleCache(states: states)
    sample.specification.stateLayers = layers
    return sample
  }

  @Test func theLastLayerAloneIsWhatItWas() throws {
    let plain = SampleCache(states: .int8).specification
    #expect(plain.stateLayers == nil && plain.keptStateLayers == [2])
    // No field of a default cache says anything of layers, so its fingerprint is that of before.
    let text = String(decoding: try JSONEncoder().encode(plain), as: UTF8.self)
    #expect(!text.contains("stateLayers"))
    let named = CacheSpecification(
      tokenizerDigest: "t0", vocabSize: 300, corpusDigest: "c0", sequences: 20,
      blocksPerShard: [3, 2], teacher: plain.teacher, precision: "fp32", mask: plain.mask,
      replicas: 2, positions: .masked, target: plain.target, states: .int8, stateLayers: [2],
      auditRowsPerShard: 2)
    #expect(named.fingerprint() == plain.fingerprint())
    #expect(
      try sample(.int8, layers: nil).encode(0, replica: 0).map(\.name).filter {
        $0.hasPrefix("states")
      } == ["states", "states.scales"])
  }

  @Test(arguments: [StateStorage.int8, .fp16, .bf16])
  func statesOfLayersComeBack(storage: StateStorage) throws {
    let sample = sample(storage, layers: [0, 2])
    let folder = try TemporaryFolder()
    try sample.write(to: folder.url)
    #expect(try CacheVerification(folder: folder.url).run() == [])
    let reader = try CacheReader(folder: folder.url)
    #expect(reader.specification.keptStateLayers == [0, 2])
    let block = try reader.readBlock(1, replica: 1)
    #expect(Set(block.innerStates.keys) == [0] && block.states != nil)
    for row in 0..<block.rowCount {
      let state = sample.state(1, replica: 1, row: row)
      for (layer, factor) in [(0, Float(1)), (2, 2)] {
        var found = [Float](repeating: 0, count: 16)
        found.withUnsafeMutableBufferPointer {
          block.copyState(row, ofLayer: layer == 2 ? nil : layer, into: $0)
        }
        let expected = state.map { factor * $0 }
        let largest = expected.reduce(0) { max($0, abs($1)) }
        // Half a step of int8 (1/254 of the largest), which is more than 16 bits lose.
        for (a, b) in zip(found, expected) { #expect(abs(a - b) <= largest / 250) }
      }
    }
    let some = try reader.readBlock(1, replica: 1, options: ReadOptions(stateLayers: [0]))
    #expect(some.states == nil && some.innerStates[0] == block.innerStates[0])
    let none = try reader.readBlock(1, replica: 1, options: ReadOptions(wantsStates: false))
    #expect(none.states == nil && none.innerStates.isEmpty)
  }

  @Test func aPartWithoutStatesHasNoneOfAnyLayer() throws {
    let (source, target) = (try TemporaryFolder(), try TemporaryFolder())
    try sample(.int8, layers: [0, 1]).write(to: source.url)
    _ = try CacheSubset(of: source.url, selection: .init(keepsStates: false)).write(to: target.url)
    let part = try CacheReader(folder: target.url)
    #expect(part.specification.keptStateLayers == [])
    #expect(part.specification.stateLayers == nil)
    #expect(try part.bytesPerRow().keys.allSatisfy { !$0.hasPrefix("states") })
    #expect(try CacheVerification(folder: target.url).run() == [])
  }

  @Test func layersHaveStreamsOfTheirOwn() throws {
    let folder = try TemporaryFolder()
    try sample(.fp16, layers: [0, 1]).write(to: folder.url)
    let reader = try CacheReader(folder: folder.url)
    let block = try reader.readBlock(0, replica: 0)
    #expect(block.states == nil && Set(block.innerStates.keys) == [0, 1])
    #expect(block.innerStates[0] != block.innerStates[1])
    #expect(try reader.bytesPerRow().keys.contains("states.1"))
  }

  @Test(arguments: [[Int](), [1, 0], [1, 1], [3], [-1], [2]])
  func layersThatCannotBeAreRefused(layers: [Int]) throws {
    #expect(throws: LogitCacheError.self) {
      try sample(.int8, layers: layers).specification.validate()
    }
    #expect(throws: LogitCacheError.self) {
      try sample(.none, layers: [1]).specification.validate()
    }
  }
}
