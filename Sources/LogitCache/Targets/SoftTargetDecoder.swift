import Kernels
import ShardStore

/// Reads the streams of one block and checks that they agree with each other.
struct SoftTargetDecoder {
  let streams: BlockStreams
  let specification: CacheSpecification
  let order: IDOrder
  let tables: [TargetTables]

  init(
    shard: ShardReader, block: Int, specification: CacheSpecification, order: IDOrder,
    tables: [TargetTables]
  ) {
    streams = BlockStreams(shard: shard, block: block)
    self.specification = specification
    self.order = order
    self.tables = tables
  }

  private var vocabSize: Int { specification.vocabSize }
  private var hiddenSize: Int { specification.teacher.hiddenSize }

  func lengths() throws -> [Int32] {
    let bytes = try streams.shard.stream(StreamName.lengths, block: streams.block)
    let lengths = LittleEndian.values(bytes, as: UInt16.self) ?? []
    guard !lengths.isEmpty, lengths.allSatisfy({ $0 > 0 }) else {
      throw streams.damaged(StreamName.lengths, "lengths", "1 or more each", "none, or 0")
    }
    return lengths.map(Int32.init)
  }

  func decode(_ options: ReadOptions) throws -> SoftTargetBlock {
    let lengths = try lengths()
    let tokens = lengths.reduce(0) { $0 + Int($1) }
    try streams.require(
      StreamName.ids, bytes: BytePlanes.tokenWidth(vocabularySize: vocabSize) * tokens)
    let fetched = try streams.fetching([StreamName.ids] + codedStreams(options))
    let tokenIDs = try fetched.tokens(StreamName.ids, count: tokens, order: order)
    let rowCounts = try streams.numbers(StreamName.rows, as: UInt16.self, count: lengths.count)
    let positions = try positions(rowCounts: rowCounts, lengths: lengths)
    let (classes, rowsInClass, counts) = try classes(rows: positions.count)
    let parts = try tables.indices.map { index in
      try TargetDecoder(
        streams: fetched, target: specification.targets[index], tables: tables[index],
        order: order, prefix: StreamName.prefix(ofClass: index),
        inputSize: specification.teacher.inputSize
      ).decode(rows: counts[index], options)
    }
    var block = SoftTargetBlock(
      lengths: lengths, tokenIDs: tokenIDs,
      rowStarts: rowCounts.reduce(into: [0]) { $0.append(($0.last ?? 0) + Int32($1)) },
      positions: positions,
      inputChecks: try streams.numbers(
        StreamName.inputCheck, as: UInt64.self, count: lengths.count),
      parts: parts, classes: classes, rowsInClass: rowsInClass,
      states: nil)
    let last = specification.teacher.layers
    for layer in specification.keptStateLayers
    where options.wantsStates && options.stateLayers?.contains(layer) ?? true {
      let states = try states(ofLayer: layer, rows: positions.count)
      if layer == last { block.states = states } else { block.innerStates[layer] = states }
    }
    return block
  }

  /// The streams of coded columns that are wanted: nearly all of a block's bytes, of a size that
  /// nothing else tells.
  private func codedStreams(_ options: ReadOptions) -> [String] {
    specification.targets.indices.flatMap { index in
      let prefix = StreamName.prefix(ofClass: index)
      return specification.targets[index].codedStreams(options).map { prefix + $0 }
    }
  }

  func auditRows() throws -> [(row: Int, logits: [Float])] {
    guard streams.has(StreamName.auditRows) else { return [] }
    let bytes = try streams.shard.stream(StreamName.auditRows, block: streams.block)
    let rows = LittleEndian.values(bytes, as: UInt32.self) ?? []
    let logits = try streams.sized(StreamName.auditLogits, bytes: 4 * rows.count * vocabSize)
    let floats = LittleEndian.floats(logits) ?? []
    let counts = try streams.numbers(StreamName.rows, as: UInt16.self, count: lengths().count)
    let count = counts.reduce(0) { $0 + Int($1) }
    guard !rows.isEmpty, rows.allSatisfy({ $0 < count }),
      zip(rows, rows.dropFirst()).allSatisfy({ $0 < $1 })
    else {
      throw streams.damaged(
        StreamName.auditRows, "rows", "ascending, less than \(count)", "others")
    }
    guard floats.allSatisfy(\.isFinite) else {
      throw streams.damaged(StreamName.auditLogits, "a logit", "finite", "not finite")
    }
    return rows.enumerated().map { index, row in
      (Int(row), Array(floats[index * vocabSize..<(index + 1) * vocabSize]))
    }
  }

  private func positions(rowCounts: [UInt16], lengths: [Int32]) throws -> [Int32] {
    let rows = rowCounts.reduce(0) { $0 + Int($1) }
    let gaps = try streams.planes(StreamName.positions, count: rows)
    var positions: [Int32] = []
    positions.reserveCapacity(rows)
    for (count, length) in zip(rowCounts, lengths) {
      var next: Int32 = 0
      for _ in 0..<count {
        let position = next + Int32(gaps[positions.count])
        guard position < length else {
          throw streams.damaged(
            StreamName.positions, "position", "less than \(length)", "\(position)")
        }
        positions.append(position)
        next = position + 1
      }
    }
    return positions
  }

  /// The class of each row, its number in it, and the rows of each class.
  private func classes(
    rows: Int
  ) throws -> (classes: [UInt8], rowsInClass: [Int32], counts: [Int]) {
    guard tables.count > 1 else { return ([], [], [rows]) }
    let classes = try streams.sized(StreamName.classes, bytes: rows)
    var counts = [Int](repeating: 0, count: tables.count)
    var rowsInClass: [Int32] = []
    rowsInClass.reserveCapacity(rows)
    for part in classes {
      guard part < tables.count else {
        throw streams.damaged(StreamName.classes, "a class", "less than \(tables.count)", "\(part)")
      }
      rowsInClass.append(Int32(counts[Int(part)]))
      counts[Int(part)] += 1
    }
    return (classes, rowsInClass, counts)
  }

  private func states(ofLayer layer: Int, rows: Int) throws -> QuantizedRows? {
    let names = StreamName.states(ofLayer: layer, of: specification.teacher.layers)
    switch specification.states {
    case .none: return nil
    case .shared:
      return try streams.int8Rows(
        StreamName.tailHidden, StreamName.tailHiddenScales, rows: rows, columns: hiddenSize)
    case .int8:
      return try streams.int8Rows(names.values, names.scales, rows: rows, columns: hiddenSize)
    case .fp16, .bf16:
      let values = try streams.planes(names.values, count: rows * hiddenSize)
      let states =
        specification.states == .fp16
        ? QuantizedRows(half: values, rows: rows, columns: hiddenSize)
        : QuantizedRows(brain: values, rows: rows, columns: hiddenSize)
      guard let states else {
        throw streams.damaged(names.values, "a value", "finite", "not finite")
      }
      return states
    }
  }
}
