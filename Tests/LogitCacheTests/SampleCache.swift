import Foundation
import LogitCache
import ShardStore
import TestSupport

/// A small cache made of seeded rows: two corpus shards of 3 and 2 blocks, two replicas.
struct SampleCache {
  var specification: CacheSpecification

  init(
    target: TargetSpecification = TargetSpecification(headK: 8, tail: .scalars),
    otherTarget: TargetSpecification? = nil, states: StateStorage = .none,
    positions: PositionSelection = .masked, vocabSize: Int = 300, hiddenSize: Int = 16
  ) {
    specification = CacheSpecification(
      tokenizerDigest: "t0", vocabSize: vocabSize, corpusDigest: "c0", sequences: 20,
      blocksPerShard: [3, 2],
      teacher: .init(
        configurationDigest: "tc", weightDigest: "tw", architecture: "bert",
        hiddenSize: hiddenSize, layers: 2),
      precision: "fp32",
      mask: .object(["seed": .unsigned(.max), "probability": .number(0.15)]), replicas: 2,
      positions: positions, target: target, otherTarget: otherTarget, states: states,
      auditRowsPerShard: 2)
  }

  /// The cache of a corpus that grows shard by shard, two blocks each.
  static func grown(shards: Int, replicas: Int) -> SampleCache {
    var sample = SampleCache()
    sample.specification.corpusDigest = "c\(shards)"
    sample.specification.sequences = 8 * shards
    sample.specification.blocksPerShard = [Int](repeating: 2, count: shards)
    sample.specification.corpusShards = (0..<shards).map { "part \($0)" }
    sample.specification.replicas = replicas
    sample.specification.mask = .object([
      "seed": .unsigned(3), "replicas": .unsigned(UInt64(replicas)),
    ])
    return sample
  }

  var order: IDOrder { tables.order }

  /// Tables made from the rows of block 0.
  var tables: CacheTables {
    let width = specification.teacher.hiddenSize
    let decoder = DecoderTable(
      weight: (0..<specification.vocabSize * width).map { Float($0 % 97) / 97 },
      bias: (0..<specification.vocabSize).map { -Float($0) / 64 })
    let samples = specification.targets.map {
      TargetSample(target: $0, vocabSize: specification.vocabSize, hiddenSize: width)
    }
    do {
      let shape = targetBlock(0, replica: 0)
      for row in shape.positions.indices {
        let sample = samples[shape.classes.isEmpty ? 0 : Int(shape.classes[row])]
        try logits(0, replica: 0, row: row).withUnsafeBufferPointer { logits in
          try hidden(0, replica: 0, row: row).withUnsafeBufferPointer {
            try sample.add(row: row, logits: logits, decoderInput: $0)
          }
        }
      }
      return try CacheTables(
        specification: specification, samples: samples,
        corpusCounts: (0..<specification.vocabSize).map { UInt64(($0 * 7919) % 1000) },
        decoder: decoder)
    } catch {
      fatalError("tables of a sample cache: \(error)")
    }
  }

  /// The block's shape, without audit rows.
  func targetBlock(_ block: Int, replica: Int) -> TargetBlock {
    var generator = SeededGenerator(seed: UInt64(1000 * replica + block))
    var sizes = SeededGenerator(seed: UInt64(500_000 + block))
    let lengths = (0..<4).map { _ in Int32.random(in: 3...40, using: &sizes) }
    var content = SeededGenerator(seed: UInt64(block))
    var result = TargetBlock(
      lengths: lengths, tokenIDs: [], rowCounts: [], positions: [], inputChecks: [])
    for length in lengths {
      for _ in 0..<length {
        result.tokenIDs.append(.random(in: 0..<Int32(specification.vocabSize), using: &content))
      }
      let chosen = (0..<length).filter {
        specification.positions == .all || $0 % 7 == Int32(replica) % 7
      }
      result.positions += chosen
      if specification.targets.count > 1 {
        result.classes += chosen.map { $0 % 7 == Int32(replica) % 7 ? 0 : 1 }
      }
      result.rowCounts.append(Int32(chosen.count))
      result.inputChecks.append(generator.next())
    }
    return result
  }

  func logits(_ block: Int, replica: Int, row: Int) -> [Float] {
    let shapes = SyntheticLogits.Shape.allCases
    return SyntheticLogits.row(
      shapes[row % shapes.count], vocabSize: specification.vocabSize,
      seed: UInt64(100_000 * replica + 1000 * block + row))
  }

  func hidden(_ block: Int, replica: Int, row: Int) -> [Float] {
    var generator = SeededGenerator(seed: UInt64(77_000 * replica + 1000 * block + row))
    return (0..<specification.teacher.hiddenSize).map { _ in 3 * generator.normal() }
  }

  func state(_ block: Int, replica: Int, row: Int) -> [Float] {
    hidden(block, replica: replica, row: row).map { -0.5 * $0 }
  }

  func encode(_ block: Int, replica: Int, auditRows: [Int] = [], reversed: Bool = false) throws
    -> [NamedStream]
  {
    var shape = targetBlock(block, replica: replica)
    shape.auditRows = auditRows
    let encoder = try SoftTargetEncoder(specification: specification, tables: tables, block: shape)
    let rows = Array(shape.positions.indices)
    for row in reversed ? rows.reversed() : rows {
      try logits(block, replica: replica, row: row).withUnsafeBufferPointer { logits in
        try hidden(block, replica: replica, row: row).withUnsafeBufferPointer { hidden in
          // Layer after layer, each another multiple, so that one is not taken for another.
          let last = state(block, replica: replica, row: row)
          let factors = specification.stateLayers?.enumerated().map { Float($0.offset + 1) } ?? [1]
          try factors.flatMap { factor in last.map { factor * $0 } }.withUnsafeBufferPointer {
            state in
            try encoder.add(row: row, logits: logits, decoderInput: hidden, state: state)
          }
        }
      }
    }
    return encoder.finish()
  }

  /// Appends what a shard still lacks, at most `limit` blocks of it; true where it is whole.
  func fill(_ shard: ShardWriter, index: Int, of writer: CacheWriter, limit: Int = .max) throws
    -> Bool
  {
    let place = writer.place(ofShard: index)
    let first = shard.committedBlocks
    let end = first + min(place.blocks - first, limit)
    for local in first..<end {
      let block = place.firstBlock + local
      let rows = targetBlock(block, replica: place.replica).positions.count
      let audited = specification.auditRows(block: local, blocks: place.blocks, rows: rows)
      try shard.append(block: encode(block, replica: place.replica, auditRows: audited))
    }
    return end == place.blocks
  }

  /// Runs a worker to its end.
  @discardableResult
  func write(to folder: URL, worker: Int = 0, workers: Int = 1) throws -> CacheManifest? {
    let writer = try CacheWriter(
      folder: folder, specification: specification, worker: worker, workers: workers)
    if writer.needsTables { try writer.writeTables(tables) }
    for index in writer.pendingShards {
      let shard = try writer.beginShard(index)
      _ = try fill(shard, index: index, of: writer)
      _ = try shard.seal()
    }
    return try writer.finish()
  }

  static func contents(_ folder: URL) throws -> [String: Data] {
    var contents: [String: Data] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
    where !name.hasPrefix("timing-") {
      contents[name] = try Data(contentsOf: folder.appending(path: name))
    }
    return contents
  }
}
