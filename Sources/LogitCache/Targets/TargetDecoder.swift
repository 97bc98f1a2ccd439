import Kernels

/// Reads the targets of one class of positions of a block.
struct TargetDecoder {
  let streams: BlockStreams
  let target: TargetSpecification
  let tables: TargetTables
  let order: IDOrder
  let prefix: String
  let inputSize: Int

  private var vocabSize: Int { order.tokenOfRank.count }

  func decode(rows: Int, _ options: ReadOptions) throws -> TargetPart {
    let k = options.wantsHead ? min(options.headK ?? target.headK, target.headK) : 0
    precondition(k >= 0, "headK is \(k)")
    let most = CacheFormat.largestArray / max(target.headK, target.rank ?? 0, 1)
    guard rows <= most else {
      throw streams.damaged(StreamName.positions, "rows", "at most \(most)", "\(rows)")
    }
    let isPartial = target.needsWholeHead(options)
    let stored = target.headK > 0 && (options.wantsHead || isPartial) ? try headLogits(rows) : []
    return TargetPart(
      rows: rows, headK: k, headIDs: k > 0 ? try headIDs(rows, k: k) : [],
      headLogits: columns(0..<k, of: stored, rows: rows),
      tail: options.wantsTail ? try tail(rows, options) : .none,
      tailCount: vocabSize - target.headK,
      droppedLogits: isPartial ? columns(k..<target.headK, of: stored, rows: rows) : [])
  }

  private func tail(_ rows: Int, _ options: ReadOptions) throws -> TargetPart.Tail {
    switch target.tail {
    case .scalars: return .scalars(TailCode.scalars(try integers(rows)))
    case .hidden:
      return .hidden(
        try streams.int8Rows(
          prefix + StreamName.tailHidden, prefix + StreamName.tailHiddenScales, rows: rows,
          columns: inputSize))
    case .lowrank: return .lowRank(try lowRank(rows, options))
    case .sampled: return .sampled(try sampled(rows))
    }
  }

  private func headIDs(_ rows: Int, k: Int) throws -> [Int32] {
    let name = prefix + StreamName.headIDs
    return try [Int32](unsafeUninitializedCapacity: rows * k) { ids, count in
      try streams.forEachColumns(name, of: tables.headIDs, first: k, rows: rows) { places, ranks in
        let isFine = CodedTargets.tokens(
          ranks, of: order.tokenOfRank, into: ids, columns: places, of: k)
        guard isFine else {
          throw streams.damaged(name, "a token", "less than \(vocabSize)", "more")
        }
      }
      let repeated = CodedTargets.repeatedRow(
        UnsafeBufferPointer(rebasing: ids[..<(rows * k)]), width: k, vocabSize: vocabSize)
      if let repeated {
        throw streams.damaged(name, "IDs of row \(repeated)", "distinct", "one of them twice")
      }
      count = rows * k
    }
  }

  /// Logits of the whole stored head, `[rows, stored k]`.
  private func headLogits(_ rows: Int) throws -> [Float] {
    let name = prefix + StreamName.headSteps
    let k = target.headK
    var sums = [UInt32](repeating: 0, count: rows)
    return try [Float](unsafeUninitializedCapacity: rows * k) { logits, count in
      for row in 0..<rows { logits.initializeElement(at: row * k, to: 0) }
      let output = logits
      func require(_ largest: UInt32) throws {
        guard largest <= CacheFormat.largestStep else {
          throw streams.damaged(
            name, "a log-step", "at most \(CacheFormat.largestStep)", "\(largest)")
        }
      }
      try streams.forEachColumns(
        name, of: tables.headSteps, first: k - 1, rows: rows,
        takesBytes: { places, increments in
          try require(
            CodedTargets.logits(
              bytes: increments, step: Float(target.step), sums: &sums, into: output,
              columns: places.lowerBound + 1..<places.upperBound + 1, of: k))
        }
      ) { places, increments in
        try require(
          CodedTargets.logits(
            increments, step: Float(target.step), sums: &sums, into: output,
            columns: places.lowerBound + 1..<places.upperBound + 1, of: k))
      }
      count = rows * k
    }
  }

  private func columns(_ range: Range<Int>, of values: [Float], rows: Int) -> [Float] {
    let width = target.headK
    if range.count == width || range.isEmpty { return range.isEmpty ? [] : values }
    return (0..<rows).flatMap {
      values[$0 * width + range.lowerBound..<$0 * width + range.upperBound]
    }
  }

  /// The integers of the tail's scalars, `[rows, scalars]`.
  private func integers(_ rows: Int) throws -> [Int32] {
    let name = prefix + StreamName.tailScalars
    guard let code = tables.scalars else { preconditionFailure("the tables have no scalars") }
    var integers: [Int32]? = []
    try streams.forEachColumns(name, of: code.codes, first: code.count, rows: rows) {
      integers = code.integers(differences: UnsafeBufferPointer($1))
    }
    guard let integers else {
      throw streams.damaged(name, "a scalar", "in its range", "outside")
    }
    return integers
  }

  private func lowRank(_ rows: Int, _ options: ReadOptions) throws -> LowRankRows {
    guard let basis = tables.basis else { preconditionFailure("the tables have no basis") }
    let rank = min(options.rank ?? basis.rank, basis.rank)
    let partitions = TailCode.partitions(
      try integers(rows), count: TargetTables.scalarCount(target))
    let coefficients = try [Float](unsafeUninitializedCapacity: rows * rank) { values, count in
      let output = values
      try streams.forEachColumns(
        prefix + StreamName.tailLowRank, of: tables.coefficients, first: rank, rows: rows,
        takesBytes: { columns, coded in
          CodedTargets.coefficients(
            bytes: coded, steps: basis.steps, into: output, columns: columns, of: rank)
        }
      ) { columns, coded in
        CodedTargets.coefficients(
          coded, steps: basis.steps, into: output, columns: columns, of: rank)
      }
      count = rows * rank
    }
    return LowRankRows(
      rank: rank, coefficients: coefficients, logPartitions: partitions[0],
      halfLogPartitions: partitions[1],
      threeQuarterLogPartitions: partitions.count > 2 ? partitions[2] : [])
  }

  private func sampled(_ rows: Int) throws -> SampledRows {
    guard let code = tables.sampled else { preconditionFailure("the tables have no sampled code") }
    let name = prefix + StreamName.tailSampled
    // Two counts a row, then as many gaps of each kind, and a logarithm for each exact ID.
    let columns = try streams.columns(name, of: code.codes) { columns in
      switch columns.count {
      case 0, 1: rows
      case 2, 4: columns[0].reduce(0) { $0 + Int($1) }
      default: columns[1].reduce(0) { $0 + Int($1) }
      }
    }
    var result = SampledRows()
    var (exact, drawn) = (0, 0)
    for row in 0..<rows {
      let exactEnd = exact + Int(columns[0][row])
      let drawnEnd = drawn + Int(columns[1][row])
      let exactIDs = try ids(columns[2][exact..<exactEnd], name: name)
      let drawnIDs = try ids(columns[3][drawn..<drawnEnd], name: name)
      guard exactIDs.count + drawnIDs.count > 0, Set(exactIDs).isDisjoint(with: drawnIDs) else {
        throw streams.damaged(name, "IDs of row \(row)", "one or more, distinct", "others")
      }
      // Without drawn IDs the exact ones are all, so one of them has a probability.
      let logs = columns[4][exact..<exactEnd]
      guard !drawnIDs.isEmpty || logs.contains(where: { $0 <= SampledCode.largestLog }) else {
        throw streams.damaged(name, "probabilities of row \(row)", "some above 0", "none")
      }
      result.append(
        exact: Array(zip(exactIDs, columns[4][exact..<exactEnd])), drawn: drawnIDs)
      (exact, drawn) = (exactEnd, drawnEnd)
    }
    return result
  }

  /// Token IDs from the gaps of their ranks.
  private func ids(_ gaps: ArraySlice<UInt32>, name: String) throws -> [Int32] {
    var next = 0
    return try gaps.map { gap in
      let rank = next + Int(gap)
      guard rank < vocabSize else {
        throw streams.damaged(name, "a token", "less than \(vocabSize)", "\(rank)")
      }
      next = rank + 1
      return order.tokenOfRank[rank]
    }
  }
}

extension TargetSpecification {
  /// Whether the logits of all stored entries are needed: a shorter head leaves entries to the tail.
  fileprivate func needsWholeHead(_ options: ReadOptions) -> Bool {
    options.wantsTail && (tail == .scalars || tail == .lowrank)
  }

  /// The streams of coded columns that `TargetDecoder` reads, without the class's prefix.
  func codedStreams(_ options: ReadOptions) -> [String] {
    var names: [String] = []
    if headK > 0, options.wantsHead, (options.headK ?? headK) > 0 {
      names.append(StreamName.headIDs)
    }
    if headK > 0, options.wantsHead || needsWholeHead(options) {
      names.append(StreamName.headSteps)
    }
    guard options.wantsTail else { return names }
    switch tail {
    case .scalars: names.append(StreamName.tailScalars)
    case .lowrank: names += [StreamName.tailScalars, StreamName.tailLowRank]
    case .sampled: names.append(StreamName.tailSampled)
    case .hidden: break
    }
    return names
  }
}
