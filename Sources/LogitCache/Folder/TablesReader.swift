import Foundation
import Kernels
import ShardStore

/// Reads what all blocks share, and checks it against the specification.
struct TablesReader: Sendable {
  let shard: ShardReader
  let specification: CacheSpecification

  private var vocabSize: Int { specification.vocabSize }
  private var inputSize: Int { specification.teacher.inputSize }

  /// Opens the sealed tables and checks whose they are.
  ///
  /// - Throws: `ShardStoreError`, `LogitCacheError.wrongShard`.
  init(folder: URL, specification: CacheSpecification) throws {
    self.specification = specification
    shard = try ShardReader(url: folder.appending(path: "\(CacheFormat.tables).sqlite"))
    guard let inherited = specification.tablesDigest else {
      try shard.require(["kind": "tables", "key": specification.tablesKey()])
      return
    }
    try shard.require(["kind": "tables"])
    guard shard.summary.digest == inherited else {
      throw LogitCacheError.wrongShard(
        shard: shard.name, what: "digest", expected: inherited, found: shard.summary.digest)
    }
  }

  /// The order of the tokens.
  func order() throws -> IDOrder {
    let bytes = try shard.shardStream(StreamName.idOrder)
    let width = BytePlanes.tokenWidth(vocabularySize: vocabSize)
    guard bytes.count == width * vocabSize,
      let tokens = BytePlanes.joinTokens(bytes, width: width, vocabularySize: vocabSize),
      let order = IDOrder(tokenOfRank: tokens)
    else { throw wrong(StreamName.idOrder, "a permutation of \(vocabSize)", "another list") }
    return order
  }

  /// Codes and basis of each class of positions.
  func targets() throws -> [TargetTables] {
    try specification.targets.enumerated().map { index, target in
      try tables(target, prefix: StreamName.prefix(ofClass: index))
    }
  }

  private func tables(_ target: TargetSpecification, prefix: String) throws -> TargetTables {
    let scalarCount = TargetTables.scalarCount(target)
    let rank = target.rank ?? 0
    let stepCount = max(target.headK - 1, 0)
    let sampledCount = target.tail == .sampled ? SampledCode.count : 0
    let count = target.headK + stepCount + scalarCount + rank + sampledCount
    guard count > 0 else { return TargetTables() }
    let name = prefix + StreamName.codes
    let bytes = try shard.shardStream(name)
    guard bytes.count == count * PrefixCode.symbolCount else {
      throw wrong(name, "\(count * PrefixCode.symbolCount) bytes", "\(bytes.count)")
    }
    let codes = try (0..<count).map { index in
      let start = index * PrefixCode.symbolCount
      guard
        let code = PrefixCode(lengths: Array(bytes[start..<start + PrefixCode.symbolCount]))
      else { throw wrong(name, "lengths of prefix codes", "none in code \(index)") }
      return code
    }
    var tables = TargetTables(
      headIDs: Array(codes[..<target.headK]),
      headSteps: Array(codes[target.headK...].prefix(stepCount)),
      coefficients: Array(codes.suffix(rank)),
      sampled: SampledCode(codes: Array(codes.suffix(sampledCount))))
    if scalarCount > 0 {
      let scalarCodes = Array(codes[(target.headK + stepCount)...].prefix(scalarCount))
      tables.scalars = try scalars(scalarCodes, name: prefix + StreamName.scalarFactors)
    }
    if target.tail == .lowrank { tables.basis = try basis(prefix: prefix, rank: rank) }
    return tables
  }

  private func scalars(_ codes: [PrefixCode], name: String) throws -> TailCode {
    let values = LittleEndian.values(try shard.shardStream(name), as: Int32.self) ?? []
    var factors: [[Int32]] = []
    var place = 0
    for column in codes.indices {
      guard place + column + 1 <= values.count else { break }
      factors.append(Array(values[place...(place + column)]))
      place += column + 1
    }
    guard place == values.count, let code = TailCode(factors: factors, codes: codes) else {
      throw wrong(name, "\(codes.count * (codes.count + 1) / 2) factors", "\(values.count)")
    }
    return code
  }

  private func basis(prefix: String, rank: Int) throws -> LowRankBasis {
    let steps = try floats(prefix + StreamName.lowRankSteps, count: rank)
    guard
      let basis = LowRankBasis(
        hiddenSize: inputSize,
        mean: try floats(prefix + StreamName.lowRankMean, count: inputSize),
        encoder: try floats(prefix + StreamName.lowRankEncoder, count: rank * inputSize),
        steps: steps)
    else { throw wrong(prefix + StreamName.lowRankSteps, "positive numbers", "another") }
    return basis
  }

  /// The tables as far as blocks depend on them, without the matrices that only a reader of logits
  /// needs.
  func tables() throws -> CacheTables {
    let targets = try targets()
    return CacheTables(
      order: try order(), targets: targets,
      lowRank: [LowRankDecoder?](repeating: nil, count: targets.count))
  }

  /// All of the tables, matrices included.
  func allTables() throws -> CacheTables {
    var tables = try tables()
    for (index, target) in specification.targets.enumerated() where target.tail == .lowrank {
      tables.lowRank[index] = try lowRankDecoder(ofClass: index)
    }
    if specification.targets.contains(where: { $0.tail == .hidden }) {
      tables.decoder = try decoder()
    }
    return tables
  }

  /// The reader's matrix of a class with the tail `lowrank`.
  func lowRankDecoder(ofClass index: Int) throws -> LowRankDecoder {
    let target = specification.targets[index]
    let prefix = StreamName.prefix(ofClass: index)
    let components = target.basisRank(inputSize: inputSize)
    let decoder = LowRankDecoder(
      weight: try matrix(prefix + StreamName.lowRankWeight, columns: components),
      bias: try floats(prefix + StreamName.lowRankBias, count: vocabSize),
      variances: try floats(prefix + StreamName.lowRankVariances, count: components),
      noise: try floats(prefix + StreamName.lowRankNoise, count: vocabSize))
    guard (decoder.variances + decoder.noise).allSatisfy({ $0 >= 0 }) else {
      throw wrong(prefix + StreamName.lowRankVariances, "0 or more", "a negative number")
    }
    return decoder
  }

  /// The teacher's output matrix.
  func decoder() throws -> DecoderTable {
    DecoderTable(
      weight: try matrix(StreamName.decoderWeight, columns: inputSize),
      bias: try floats(StreamName.decoderBias, count: vocabSize))
  }

  /// A matrix that is kept a thousand tokens a block, `[vocab, columns]`.
  private func matrix(_ name: String, columns: Int) throws -> [Float] {
    let blocks = (vocabSize + CacheFormat.decoderRows - 1) / CacheFormat.decoderRows
    let bytes = (0..<min(blocks, shard.blockCount)).reduce(0) {
      $0 + (shard.rawBytes(name, block: $1) ?? 0)
    }
    guard bytes == 4 * vocabSize * columns else {
      throw wrong(name, "\(4 * vocabSize * columns) bytes in all blocks", "\(bytes)")
    }
    var values: [Float] = []
    values.reserveCapacity(vocabSize * columns)
    for block in 0..<blocks {
      let rows = min(CacheFormat.decoderRows, vocabSize - block * CacheFormat.decoderRows)
      values += try floats(shard.stream(name, block: block), name, count: rows * columns)
    }
    return values
  }

  private func floats(_ name: String, count: Int) throws -> [Float] {
    try floats(shard.shardStream(name), name, count: count)
  }

  private func floats(_ bytes: [UInt8], _ name: String, count: Int) throws -> [Float] {
    guard bytes.count == 4 * count, let floats = LittleEndian.floats(bytes),
      floats.allSatisfy({ abs($0) <= CacheFormat.largestFloat })
    else { throw wrong(name, "\(count) numbers up to 1e9", "\(bytes.count) bytes, or others") }
    return floats
  }

  private func wrong(_ what: String, _ expected: String, _ found: String) -> LogitCacheError {
    .wrongShard(shard: shard.name, what: what, expected: expected, found: found)
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
