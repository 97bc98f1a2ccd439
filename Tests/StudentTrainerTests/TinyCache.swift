import Corpus
import Foundation
import Kernels
import LogitCache
import ShardStore
import StudentTrainer
import Transformer

/// Writes a cache of a tiny teacher, as `cache-teacher` does.
enum TinyCache {
  struct Options {
    var target = TargetSpecification(headK: 0, tail: .hidden)
    var positions = PositionSelection.masked
    var states = StateStorage.int8
    var stateLayers: [Int]?
    /// Masks that the teacher's input is made with, where they differ from those recorded.
    var inputMasks: MaskSpecification?
  }

  static func make(
    _ world: TinyWorld, teacher: MaskedLanguageModel, masks: MaskSpecification, options: Options,
    in folder: URL
  ) throws -> CacheReader {
    let manifest = world.corpus.manifest
    let specification = CacheSpecification(
      tokenizerDigest: manifest.tokenizerDigest, vocabSize: manifest.vocabSize,
      corpusDigest: manifest.digest, sequences: manifest.sequences,
      blocksPerShard: manifest.shards.map(\.blocks),
      teacher: CacheSpecification.Teacher(
        configurationDigest: "tiny", weightDigest: ParameterDigest.text(of: teacher),
        architecture: "bert", hiddenSize: teacher.configuration.hiddenSize,
        layers: teacher.configuration.numHiddenLayers,
        embeddingSize: teacher.configuration.embeddingSize),
      precision: "fp32", mask: try PlainValue(encoding: masks), replicas: masks.replicas,
      positions: options.positions, target: options.target, states: options.states,
      stateLayers: options.stateLayers,
      auditRowsPerShard: 1)
    let writer = try CacheWriter(folder: folder, specification: specification)
    let masker = try Masker(
      options.inputMasks ?? masks, tokenCounts: try world.corpus.tokenCounts())
    let tables = try tables(world, masker: masker, teacher: teacher, specification: specification)
    try writer.writeTables(tables)
    for shard in writer.pendingShards {
      let place = writer.place(ofShard: shard)
      let output = try writer.beginShard(shard)
      for number in 0..<place.blocks {
        let encoder = try encode(
          try world.corpus.block(place.firstBlock + number), masker: masker,
          replica: place.replica, teacher: teacher, specification: specification, tables: tables)
        try output.append(block: encoder.finish())
      }
      _ = try output.seal()
    }
    _ = try writer.finish()
    return try CacheReader(folder: folder)
  }

  /// Tables made from the rows of block 0.
  private static func tables(
    _ world: TinyWorld, masker: Masker, teacher: MaskedLanguageModel,
    specification: CacheSpecification
  ) throws -> CacheTables {
    let vocabSize = specification.vocabSize
    let decoder = DecoderTable(
      weight: Array(teacher.weight(.wordEmbeddings).elements),
      bias: Array(
        UnsafeBufferPointer(start: teacher.values(of: .decoderBias), count: vocabSize)))
    let sample = TargetSample(
      target: specification.target, vocabSize: vocabSize,
      hiddenSize: specification.teacher.inputSize)
    let (_, rows, sequences) = inputs(
      try world.corpus.block(0), masker: masker, replica: 0, specification: specification)
    teacher.encode(PackedBatch(sequences: sequences), training: false)
    try teacher.forEachLogitChunk(rows: rows) { range, logits, inputs in
      for row in range {
        try sample.add(
          row: row, logits: UnsafeBufferPointer(logits.row(row - range.lowerBound)),
          decoderInput: UnsafeBufferPointer(inputs.row(row - range.lowerBound)))
      }
    }
    return try CacheTables(
      specification: specification, samples: [sample],
      corpusCounts: try world.corpus.tokenCounts(), decoder: decoder)
  }

  /// The masked sequences of a block, and their rows.
  private static func inputs(
    _ block: SequenceBlock, masker: Masker, replica: Int, specification: CacheSpecification
  ) -> (target: TargetBlock, rows: [Int32], sequences: [[Int32]]) {
    var sequences: [[Int32]] = []
    var rows: [Int32] = []
    var target = TargetBlock(
      lengths: block.lengths, tokenIDs: block.tokenIDs, rowCounts: [], positions: [],
      inputChecks: [])
    var start: Int32 = 0
    for index in 0..<block.count {
      let (corrupted, masked) = masker.corrupt(block.sequence(index), replica: replica)
      let kept = specification.positions == .masked ? masked : corrupted.indices.map { Int32($0) }
      rows += kept.map { $0 + start }
      target.positions += kept
      target.rowCounts.append(Int32(kept.count))
      target.inputChecks.append(Masker.checksum(of: corrupted))
      sequences.append(corrupted)
      start += Int32(corrupted.count)
    }
    return (target, rows, sequences)
  }

  private static func encode(
    _ block: SequenceBlock, masker: Masker, replica: Int, teacher: MaskedLanguageModel,
    specification: CacheSpecification, tables: CacheTables
  ) throws -> SoftTargetEncoder {
    let (target, rows, sequences) = inputs(
      block, masker: masker, replica: replica, specification: specification)
    let encoder = try SoftTargetEncoder(
      specification: specification, tables: tables, block: target)
    var states: [[Float]] = []  // of each layer
    teacher.encode(PackedBatch(sequences: sequences), training: false) { _, made in
      states.append(Array(made.elements))
    }
    let width = teacher.configuration.hiddenSize
    try teacher.forEachLogitChunk(rows: rows) { range, logits, inputs in
      for row in range {
        let start = Int(rows[row]) * width
        let kept = specification.keptStateLayers.flatMap { states[$0][start..<start + width] }
        try kept.withUnsafeBufferPointer {
          try encoder.add(
            row: row, logits: UnsafeBufferPointer(logits.row(row - range.lowerBound)),
            decoderInput: UnsafeBufferPointer(inputs.row(row - range.lowerBound)), state: $0)
        }
      }
    }
    return encoder
  }
}
