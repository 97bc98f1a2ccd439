import Foundation
import Kernels
import ShardStore

/// The teacher's output matrix, with which the tail `hidden` gives all logits.
package struct DecoderTable: Sendable {
  /// Row-major, shape `[vocab, inputSize]`, of the decoder's input.
  package var weight: [Float]
  /// Shape `[vocab]`.
  package var bias: [Float]

  /// A matrix and its bias.
  package init(weight: [Float], bias: [Float]) {
    self.weight = weight
    self.bias = bias
  }
}

/// What all blocks of a cache share; it lies in `tables.sqlite`.
package struct CacheTables: Sendable {
  /// The order in which the cache numbers tokens.
  package var order: IDOrder
  /// For the tail `hidden`, nil otherwise.
  package var decoder: DecoderTable?
  /// Codes and bases, one a class of positions.
  package var targets: [TargetTables]
  /// For each class with the tail `lowrank` the reader's matrix, nil for others.
  package var lowRank: [LowRankDecoder?]

  /// Tables of those parts.
  package init(
    order: IDOrder, decoder: DecoderTable? = nil, targets: [TargetTables],
    lowRank: [LowRankDecoder?]
  ) {
    precondition(targets.count == lowRank.count, "one class has no tables")
    self.order = order
    self.decoder = decoder
    self.targets = targets
    self.lowRank = lowRank
  }

  /// Tables made from a sample of each class's rows.
  ///
  /// - Parameters:
  ///   - specification: The cache's.
  ///   - samples: One a class of positions.
  ///   - corpusCounts: How often each token is in the corpus, `[vocab]`.
  ///   - decoder: The teacher's output matrix; for the tails `hidden` and `lowrank`.
  /// - Throws: `LogitCacheError.badTarget` where a sample has no basis.
  package init(
    specification: CacheSpecification, samples: [TargetSample], corpusCounts: [UInt64],
    decoder: DecoderTable?
  ) throws {
    precondition(samples.count == specification.targets.count, "one sample a class")
    order = IDOrder(samples: samples.map(\.leadingCounts), corpusCounts: corpusCounts)
    self.decoder = specification.targets.contains { $0.tail == .hidden } ? decoder : nil
    targets = []
    lowRank = []
    for sample in samples {
      let (tables, lowRank) = try sample.tables(order: order, decoder: decoder)
      targets.append(tables)
      self.lowRank.append(lowRank)
    }
  }

  /// Makes, writes and seals the tables; they are made while their file is locked, so that one
  /// process does it.
  ///
  /// - Throws: `ShardStoreError`, `.locked` where another process is writing them; what `make` throws.
  static func write(
    folder: URL, specification: CacheSpecification, make: () throws -> CacheTables
  ) throws {
    let open = {
      try ShardWriter(
        folder: folder, name: CacheFormat.tables,
        metadata: ["kind": "tables", "key": specification.tablesKey()])
    }
    var writer = try open()
    if writer.committedBlocks > 0 {
      // Half of them may be another kind of machine's, whose basis is rounded otherwise.
      writer.discard()
      writer = try open()
    }
    defer { writer.close() }
    try make().write(into: writer, specification: specification)
    _ = try writer.seal()
  }

  /// Writes the tables' streams.
  ///
  /// - Precondition: The shapes are those of the specification.
  private func write(into writer: ShardWriter, specification: CacheSpecification) throws {
    let vocabSize = specification.vocabSize
    precondition(order.tokenOfRank.count == vocabSize, "an order of another vocabulary")
    let isHidden = specification.targets.contains { $0.tail == .hidden }
    precondition((decoder != nil) == isHidden, "decoder and tail")
    let width = BytePlanes.tokenWidth(vocabularySize: vocabSize)
    func append(_ name: String, _ bytes: [UInt8]) throws {
      try writer.appendShardStream(NamedStream(name: name, bytes: bytes))
    }
    try append(StreamName.idOrder, BytePlanes.split(tokens: order.tokenOfRank, width: width))
    if let decoder { try append(StreamName.decoderBias, LittleEndian.bytes(decoder.bias)) }
    for index in targets.indices {
      for (name, bytes) in targets[index].streams + (lowRank[index]?.streams ?? []) {
        try append(StreamName.prefix(ofClass: index) + name, bytes)
      }
    }
    // The matrices, a thousand tokens a block.
    let count = CacheFormat.decoderRows
    let first = writer.committedBlocks * count
    for start in stride(from: first, to: hasMatrix ? vocabSize : 0, by: count) {
      try writer.append(block: matrixStreams(start..<min(start + count, vocabSize)))
    }
  }

  private var hasMatrix: Bool { decoder != nil || lowRank.contains { $0 != nil } }

  private func matrixStreams(_ tokens: Range<Int>) -> [NamedStream] {
    func rows(_ values: [Float]) -> [UInt8] {
      let columns = values.count / order.tokenOfRank.count
      return LittleEndian.bytes(
        Array(values[tokens.lowerBound * columns..<tokens.upperBound * columns]))
    }
    var streams: [NamedStream] = []
    if let decoder {
      streams.append(NamedStream(name: StreamName.decoderWeight, bytes: rows(decoder.weight)))
    }
    for (index, lowRank) in lowRank.enumerated() {
      guard let lowRank else { continue }
      streams.append(
        NamedStream(
          name: StreamName.prefix(ofClass: index) + StreamName.lowRankWeight,
          bytes: rows(lowRank.weight)))
    }
    return streams
  }
}

extension TargetTables {
  /// The streams of the shard as a whole, without the prefix of the class.
  var streams: [(String, [UInt8])] {
    let codes =
      headIDs + headSteps + (scalars?.codes ?? []) + coefficients + (sampled?.codes ?? [])
    var streams: [(String, [UInt8])] = []
    if !codes.isEmpty { streams.append((StreamName.codes, codes.flatMap(\.lengths))) }
    if let scalars {
      streams.append((StreamName.scalarFactors, LittleEndian.bytes(scalars.factors.flatMap { $0 })))
    }
    if let basis {
      streams.append((StreamName.lowRankMean, LittleEndian.bytes(basis.mean)))
      streams.append((StreamName.lowRankEncoder, LittleEndian.bytes(basis.encoder)))
      streams.append((StreamName.lowRankSteps, LittleEndian.bytes(basis.steps)))
    }
    return streams
  }
}

extension LowRankDecoder {
  /// The streams of the shard as a whole, without the prefix of the class.
  var streams: [(String, [UInt8])] {
    [
      (StreamName.lowRankBias, LittleEndian.bytes(bias)),
      (StreamName.lowRankVariances, LittleEndian.bytes(variances)),
      (StreamName.lowRankNoise, LittleEndian.bytes(noise)),
    ]
  }
}
