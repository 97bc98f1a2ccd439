import Foundation
import ShardStore

/// The teacher's output matrix, with which the tail `hidden` gives all logits.
package struct DecoderTable: Sendable {
  /// Row-major, shape `[vocab, hiddenSize]`.
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

  /// Tables of those parts.
  package init(order: IDOrder, decoder: DecoderTable? = nil) {
    self.order = order
    self.decoder = decoder
  }

  /// Makes, writes and seals the tables; they are made while their file is locked, so that one
  /// process does it.
  ///
  /// - Throws: `ShardStoreError`, `.locked` where another process is writing them; what `make` throws.
  static func write(
    folder: URL, specification: CacheSpecification, make: () throws -> CacheTables
  ) throws {
    let writer = try ShardWriter(
      folder: folder, name: CacheFormat.tables,
      metadata: ["kind": "tables", "key": specification.tablesKey()])
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
    precondition((decoder != nil) == (specification.target.tail == .hidden), "decoder and tail")
    let width = BytePlanes.tokenWidth(vocabularySize: vocabSize)
    try writer.appendShardStream(
      NamedStream(
        name: StreamName.idOrder, bytes: BytePlanes.split(tokens: order.tokenOfRank, width: width)))
    if let decoder {
      let columns = specification.teacher.hiddenSize
      precondition(
        decoder.weight.count == vocabSize * columns && decoder.bias.count == vocabSize,
        "shape of the decoder")
      try writer.appendShardStream(
        NamedStream(name: StreamName.decoderBias, bytes: LittleEndian.bytes(decoder.bias)))
      let first = writer.committedBlocks * CacheFormat.decoderRows
      for start in stride(from: first, to: vocabSize, by: CacheFormat.decoderRows) {
        let end = min(start + CacheFormat.decoderRows, vocabSize)
        let part = Array(decoder.weight[start * columns..<end * columns])
        try writer.append(block: [
          NamedStream(name: StreamName.decoderWeight, bytes: LittleEndian.bytes(part))
        ])
      }
    }
  }

  /// Opens the sealed tables and checks whose they are.
  ///
  /// - Throws: `ShardStoreError`, `LogitCacheError.wrongShard`.
  static func open(folder: URL, specification: CacheSpecification) throws -> ShardReader {
    let reader = try ShardReader(url: folder.appending(path: "\(CacheFormat.tables).sqlite"))
    guard let inherited = specification.tablesDigest else {
      try reader.require(["kind": "tables", "key": specification.tablesKey()])
      return reader
    }
    try reader.require(["kind": "tables"])
    guard reader.summary.digest == inherited else {
      throw LogitCacheError.wrongShard(
        shard: reader.name, what: "digest", expected: inherited, found: reader.summary.digest)
    }
    return reader
  }

  /// Reads the order of the tokens.
  static func order(_ reader: ShardReader, vocabSize: Int) throws -> IDOrder {
    let bytes = try reader.shardStream(StreamName.idOrder)
    let width = BytePlanes.tokenWidth(vocabularySize: vocabSize)
    guard bytes.count == width * vocabSize,
      let tokens = BytePlanes.joinTokens(bytes, width: width, vocabularySize: vocabSize),
      let order = IDOrder(tokenOfRank: tokens)
    else {
      throw LogitCacheError.wrongShard(
        shard: reader.name, what: StreamName.idOrder, expected: "a permutation of \(vocabSize)",
        found: "another list")
    }
    return order
  }

  /// Reads the decoder.
  static func decoder(_ reader: ShardReader, vocabSize: Int, columns: Int) throws -> DecoderTable {
    func floats(_ bytes: [UInt8], _ name: String, _ count: Int) throws -> [Float] {
      guard bytes.count == 4 * count, let floats = LittleEndian.floats(bytes),
        floats.allSatisfy(\.isFinite)
      else {
        throw LogitCacheError.wrongShard(
          shard: reader.name, what: name, expected: "\(count) finite numbers",
          found: "\(bytes.count) bytes")
      }
      return floats
    }
    var weight: [Float] = []
    weight.reserveCapacity(vocabSize * columns)
    for block in 0..<(vocabSize + CacheFormat.decoderRows - 1) / CacheFormat.decoderRows {
      let rows = min(CacheFormat.decoderRows, vocabSize - block * CacheFormat.decoderRows)
      weight += try floats(
        reader.stream(StreamName.decoderWeight, block: block), StreamName.decoderWeight,
        rows * columns)
    }
    let bias = try floats(
      reader.shardStream(StreamName.decoderBias), StreamName.decoderBias, vocabSize)
    return DecoderTable(weight: weight, bias: bias)
  }
}

extension ShardReader {
  /// Number of positions that keep a soft target: two bytes each in `positions`, so that nothing
  /// need be read.
  var rowCount: Int {
    (0..<blockCount).reduce(0) { $0 + (rawBytes(StreamName.positions, block: $1) ?? 0) / 2 }
  }

  /// Checks that a shard has this metadata.
  ///
  /// - Throws: `LogitCacheError.wrongShard`.
  func require(_ expected: [String: String]) throws {
    for (key, value) in expected.sorted(by: { $0.key < $1.key }) where metadata[key] != value {
      throw LogitCacheError.wrongShard(
        shard: name, what: key, expected: value, found: metadata[key] ?? "missing")
    }
  }
}
