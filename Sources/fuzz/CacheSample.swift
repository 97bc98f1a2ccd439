import Foundation
import LogitCache
import ShardStore
import Transformer

/// Makes a small cache from seeded rows: two corpus shards of 2 and 1 blocks, two replicas.
struct CacheSample {
  private let specification: CacheSpecification

  private static let vocabSize = 200
  private static let hiddenSize = 12

  init(
    target: TargetSpecification, otherTarget: TargetSpecification? = nil,
    states: StateStorage = .none, stateLayers: [Int]? = nil,
    positions: PositionSelection = .masked
  ) {
    specification = CacheSpecification(
      tokenizerDigest: "tokenizer", vocabSize: Self.vocabSize, corpusDigest: "corpus",
      sequences: 9, blocksPerShard: [2, 1],
      teacher: .init(
        configurationDigest: "configuration", weightDigest: "weights", architecture: "bert",
        hiddenSize: Self.hiddenSize, layers: 2),
      precision: "fp32",
      mask: .object(["seed": .unsigned(7), "probability": .number(0.15), "replicas": .unsigned(2)]),
      replicas: 2, positions: positions, target: target, otherTarget: otherTarget, states: states,
      stateLayers: stateLayers, auditRowsPerShard: 1)
  }

  /// Writes it; of an incomplete one the first shard, the tables and the lengths.
  func write(to folder: URL, isComplete: Bool) throws {
    let tables = try tables()
    let writer = try CacheWriter(folder: folder, specification: specification)
    try writer.writeTables(tables)
    if !isComplete {
      try writer.prepareSequences(
        tokenCounts: (0..<Self.vocabSize).map { UInt64($0 * 31 % 17) }
      ) { block(Block($0, replica: 0)).lengths }
    }
    for index in isComplete ? writer.pendingShards : [0] {
      let place = writer.place(ofShard: index)
      let shard = try writer.beginShard(index)
      for local in 0..<place.blocks {
        try shard.append(
          block: streams(
            Block(place.firstBlock + local, replica: place.replica), tables: tables,
            audits: local == 0))
      }
      _ = try shard.seal()
    }
    _ = try writer.finish()
  }

  /// A block of one replica.
  private struct Block {
    let number: Int
    let replica: Int

    init(_ number: Int, replica: Int) { (self.number, self.replica) = (number, replica) }

    func generator(_ purpose: Int, row: Int = 0) -> SplitMix64 {
      SplitMix64(seed: UInt64(((purpose * 10 + replica) * 100 + number) * 1000 + row))
    }
  }

  private func block(_ place: Block) -> TargetBlock {
    var sizes = SplitMix64(seed: UInt64(place.number))
    let lengths = (0..<3).map { _ in Int32.random(in: 3...14, using: &sizes) }
    var block = TargetBlock(
      lengths: lengths, tokenIDs: [], rowCounts: [], positions: [], inputChecks: [])
    var checks = place.generator(1)
    for length in lengths {
      for _ in 0..<length {
        block.tokenIDs.append(.random(in: 0..<Int32(Self.vocabSize), using: &sizes))
      }
      let turn = Int32(place.replica)
      let chosen = (0..<length).filter { specification.positions == .all || $0 % 3 == turn }
      block.positions += chosen
      if specification.targets.count > 1 { block.classes += chosen.map { $0 % 3 == turn ? 0 : 1 } }
      block.rowCounts.append(Int32(chosen.count))
      block.inputChecks.append(checks.next())
    }
    return block
  }

  private func logits(_ place: Block, row: Int) -> [Float] {
    var generator = place.generator(2, row: row)
    let spread = row % 3 == 0 ? 0.3 : 2.5
    return (0..<Self.vocabSize).map {
      Float(spread * generator.nextNormal() - log(Double($0 + 3)))
    }
  }

  private func hidden(_ place: Block, row: Int) -> [Float] {
    var generator = place.generator(3, row: row)
    return (0..<Self.hiddenSize).map { _ in Float(3 * generator.nextNormal()) }
  }

  private func tables() throws -> CacheTables {
    let decoder = DecoderTable(
      weight: (0..<Self.vocabSize * Self.hiddenSize).map { Float($0 % 97) / 97 },
      bias: (0..<Self.vocabSize).map { -Float($0) / 64 })
    let samples = specification.targets.map {
      TargetSample(target: $0, vocabSize: Self.vocabSize, hiddenSize: Self.hiddenSize)
    }
    let place = Block(0, replica: 0)
    let shape = block(place)
    for row in shape.positions.indices {
      for sample in samples {
        try logits(place, row: row).withUnsafeBufferPointer { logits in
          try hidden(place, row: row).withUnsafeBufferPointer {
            try sample.add(row: row, logits: logits, decoderInput: $0)
          }
        }
      }
    }
    return try CacheTables(
      specification: specification, samples: samples,
      corpusCounts: (0..<Self.vocabSize).map { UInt64(($0 * 7919) % 1000) }, decoder: decoder)
  }

  private func streams(_ place: Block, tables: CacheTables, audits: Bool) throws -> [NamedStream] {
    var shape = block(place)
    if audits { shape.auditRows = [shape.positions.count / 2] }
    let encoder = try SoftTargetEncoder(specification: specification, tables: tables, block: shape)
    for row in shape.positions.indices {
      try logits(place, row: row).withUnsafeBufferPointer { logits in
        let input = hidden(place, row: row)
        // Layer after layer, each the sign of the one before turned.
        let states = (0..<max(specification.keptStateLayers.count, 1)).flatMap { layer in
          input.map { layer % 2 == 0 ? $0 : -$0 }
        }
        try input.withUnsafeBufferPointer { input in
          try states.withUnsafeBufferPointer {
            try encoder.add(row: row, logits: logits, decoderInput: input, state: $0)
          }
        }
      }
    }
    return encoder.finish()
  }
}
