import Kernels
import ShardStore

/// Reads the streams of one block and checks that they agree with each other.
struct SoftTargetDecoder {
  let shard: ShardReader
  /// The block's number in its shard.
  let block: Int
  let specification: CacheSpecification
  let order: IDOrder

  private var vocabSize: Int { specification.vocabSize }
  private var width: Int { BytePlanes.tokenWidth(vocabularySize: vocabSize) }

  func lengths() throws -> [Int32] {
    let bytes = try shard.stream(StreamName.lengths, block: block)
    let lengths = LittleEndian.values(bytes, as: UInt16.self) ?? []
    guard !lengths.isEmpty, lengths.allSatisfy({ $0 > 0 }) else {
      throw damaged(StreamName.lengths, "lengths", "1 or more each", "none, or 0")
    }
    return lengths.map(Int32.init)
  }

  func decode(_ options: ReadOptions) throws -> SoftTargetBlock {
    let lengths = try lengths()
    let tokens = lengths.reduce(0) { $0 + Int($1) }
    let ranks = try self.ranks(StreamName.ids, count: tokens)
    let rowCounts = try numbers(StreamName.rows, as: UInt16.self, count: lengths.count)
    let positions = try positions(rowCounts: rowCounts, lengths: lengths)
    let rows = positions.count
    let target = specification.target
    let isHidden = target.tail == .hidden
    let k = options.wantsHead ? min(options.headK ?? target.headK, target.headK) : 0
    precondition(k >= 0, "headK is \(k)")
    // A shorter head leaves entries to the tail, so the tail needs the logits of all of them.
    let needsLogits = options.wantsHead || (options.wantsTail && !isHidden)
    let stored = needsLogits && target.headK > 0 ? try headLogits(rows: rows) : []
    return SoftTargetBlock(
      lengths: lengths, tokenIDs: ranks.map { order.tokenOfRank[Int($0)] },
      rowStarts: rowCounts.reduce(into: [0]) { $0.append(($0.last ?? 0) + Int32($1)) },
      positions: positions,
      inputChecks: try numbers(StreamName.inputCheck, as: UInt64.self, count: lengths.count),
      headK: k, headIDs: k > 0 ? try headIDs(rows: rows, k: k) : [],
      headLogits: columns(0..<k, of: stored, rows: rows),
      tailScalars: options.wantsTail && !isHidden ? try tailScalars(rows: rows) : [],
      hidden: options.wantsTail && isHidden
        ? try int8Rows(StreamName.tailHidden, StreamName.tailHiddenScales, rows: rows) : nil,
      states: options.wantsStates ? try states(rows: rows) : nil,
      tailCount: vocabSize - target.headK,
      droppedLogits: options.wantsTail && !isHidden
        ? columns(k..<target.headK, of: stored, rows: rows) : [])
  }

  func auditRows() throws -> [(row: Int, logits: [Float])] {
    guard shard.rawBytes(StreamName.auditRows, block: block) != nil else { return [] }
    let bytes = try shard.stream(StreamName.auditRows, block: block)
    let rows = LittleEndian.values(bytes, as: UInt32.self) ?? []
    let logits = try sized(StreamName.auditLogits, bytes: 4 * rows.count * vocabSize)
    let floats = LittleEndian.floats(logits) ?? []
    return rows.enumerated().map { index, row in
      (Int(row), Array(floats[index * vocabSize..<(index + 1) * vocabSize]))
    }
  }

  private func positions(rowCounts: [UInt16], lengths: [Int32]) throws -> [Int32] {
    let rows = rowCounts.reduce(0) { $0 + Int($1) }
    let gaps = try planes(StreamName.positions, count: rows)
    var positions: [Int32] = []
    positions.reserveCapacity(rows)
    for (count, length) in zip(rowCounts, lengths) {
      var next: Int32 = 0
      for _ in 0..<count {
        let position = next + Int32(gaps[positions.count])
        guard position < length else {
          throw damaged(StreamName.positions, "position", "less than \(length)", "\(position)")
        }
        positions.append(position)
        next = position + 1
      }
    }
    return positions
  }

  private func headIDs(rows: Int, k: Int) throws -> [Int32] {
    let bytes = try sized(StreamName.headIDs, bytes: width * specification.target.headK * rows)
    var ids = [Int32](repeating: 0, count: rows * k)
    for place in 0..<k {
      let part = bytes[place * width * rows..<(place + 1) * width * rows]
      guard let ranks = BytePlanes.joinTokens(part, width: width, vocabularySize: vocabSize) else {
        throw damaged(StreamName.headIDs, "a token", "less than \(vocabSize)", "more")
      }
      for row in 0..<rows { ids[row * k + place] = order.tokenOfRank[Int(ranks[row])] }
    }
    return ids
  }

  /// Logits of the whole stored head, `[rows, stored k]`.
  private func headLogits(rows: Int) throws -> [Float] {
    let k = specification.target.headK
    let bytes = try sized(StreamName.headSteps, bytes: 2 * k * rows)
    let step = Float(specification.target.step)
    var logits = [Float](repeating: 0, count: rows * k)
    var sums = [Int32](repeating: 0, count: rows)
    for place in 0..<k {
      let low = 2 * place * rows
      for row in 0..<rows {
        sums[row] += Int32(bytes[low + row]) | Int32(bytes[low + rows + row]) << 8
        logits[row * k + place] = -step * Float(sums[row])
      }
    }
    return logits
  }

  private func columns(_ range: Range<Int>, of values: [Float], rows: Int) -> [Float] {
    let width = specification.target.headK
    if range.count == width || range.isEmpty { return range.isEmpty ? [] : values }
    return (0..<rows).flatMap {
      values[$0 * width + range.lowerBound..<$0 * width + range.upperBound]
    }
  }

  private func tailScalars(rows: Int) throws -> [SoftTargetSelection.TailScalars] {
    let bytes = try sized(StreamName.tailScalars, bytes: 10 * rows)
    let codes = (0..<5).map { index in
      (BytePlanes.join(bytes[2 * index * rows..<2 * (index + 1) * rows]) ?? [])
        .map(Int16.init(bitPattern:))
    }
    return (0..<rows).map { row in TailCode.decode(codes.map { $0[row] }) }
  }

  private func states(rows: Int) throws -> QuantizedRows? {
    switch specification.states {
    case .none: return nil
    case .int8: return try int8Rows(StreamName.states, StreamName.statesScales, rows: rows)
    case .fp16:
      let columns = specification.teacher.hiddenSize
      let values = try planes(StreamName.states, count: rows * columns)
      guard let states = QuantizedRows(half: values, rows: rows, columns: columns) else {
        throw damaged(StreamName.states, "a value", "finite", "not finite")
      }
      return states
    }
  }

  private func int8Rows(_ name: String, _ scalesName: String, rows: Int) throws -> QuantizedRows {
    let columns = specification.teacher.hiddenSize
    let values = try sized(name, bytes: rows * columns)
    let scales = try planes(scalesName, count: rows)
    guard let result = QuantizedRows(int8: values, scales: scales, columns: columns) else {
      throw damaged(scalesName, "a scale", "a positive number", "another")
    }
    return result
  }

  private func ranks(_ name: String, count: Int) throws -> [Int32] {
    let bytes = try sized(name, bytes: width * count)
    guard let ranks = BytePlanes.joinTokens(bytes, width: width, vocabularySize: vocabSize) else {
      throw damaged(name, "a token", "less than \(vocabSize)", "more")
    }
    return ranks
  }

  private func planes(_ name: String, count: Int) throws -> [UInt16] {
    BytePlanes.join(try sized(name, bytes: 2 * count)) ?? []
  }

  private func numbers<Value: FixedWidthInteger>(
    _ name: String, as type: Value.Type, count: Int
  ) throws -> [Value] {
    LittleEndian.values(try sized(name, bytes: MemoryLayout<Value>.size * count)) ?? []
  }

  private func sized(_ name: String, bytes expected: Int) throws -> [UInt8] {
    if let found = shard.rawBytes(name, block: block), found != expected {
      throw damaged(name, "size", "\(expected) bytes", "\(found)")
    }
    return try shard.stream(name, block: block)
  }

  func damaged(
    _ stream: String, _ what: String, _ expected: String, _ found: String
  ) -> LogitCacheError {
    .damagedBlock(
      shard: shard.name, block: block, stream: stream, what: what, expected: expected, found: found)
  }
}
