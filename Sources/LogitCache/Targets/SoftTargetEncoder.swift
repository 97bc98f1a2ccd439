package import Kernels
package import ShardStore

/// Turns rows of logits into the streams of one block.
///
/// One object encodes one block. `add` may be called by several threads at once for distinct rows,
/// in any order; the result does not depend on it. `@unchecked Sendable`: each row writes its own
/// elements of storage that is allocated before, and `finish` reads after all rows are in.
package final class SoftTargetEncoder: @unchecked Sendable {
  private let specification: CacheSpecification
  private let order: IDOrder
  private let block: TargetBlock
  private let rows: Int

  private let isAdded: RowStorage<Bool>
  private let headRanks: RowStorage<Int32>  // [k][rows]
  private let headSteps: RowStorage<UInt16>  // [k][rows]
  private let scalars: RowStorage<Int16>  // [5][rows]
  private let hidden: RowStorage<Int8>  // [rows][H]
  private let hiddenScales: RowStorage<UInt16>
  private let states: RowStorage<Int8>  // [rows][H]
  private let stateScales: RowStorage<UInt16>
  private let halfStates: RowStorage<UInt16>  // [rows][H]
  private let audit: RowStorage<Float>  // [audited][V]

  /// Begins a block.
  ///
  /// - Throws: `LogitCacheError.badTarget` where the block's parts do not agree.
  /// - Precondition: The specification is valid and `order` is of its vocabulary.
  package init(specification: CacheSpecification, order: IDOrder, block: TargetBlock) throws {
    precondition(order.tokenOfRank.count == specification.vocabSize, "order of another vocabulary")
    try block.validate(vocabSize: specification.vocabSize)
    self.specification = specification
    self.order = order
    self.block = block
    rows = block.positions.count
    let width = specification.teacher.hiddenSize
    let isHidden = specification.target.tail == .hidden
    isAdded = RowStorage(repeating: false, count: rows)
    headRanks = RowStorage(repeating: 0, count: rows * specification.target.headK)
    headSteps = RowStorage(repeating: 0, count: rows * specification.target.headK)
    scalars = RowStorage(repeating: 0, count: isHidden ? 0 : 5 * rows)
    hidden = RowStorage(repeating: 0, count: isHidden ? rows * width : 0)
    hiddenScales = RowStorage(repeating: 0, count: isHidden ? rows : 0)
    let isInt8 = specification.states == .int8
    states = RowStorage(repeating: 0, count: isInt8 ? rows * width : 0)
    stateScales = RowStorage(repeating: 0, count: isInt8 ? rows : 0)
    halfStates = RowStorage(
      repeating: 0, count: specification.states == .fp16 ? rows * width : 0)
    audit = RowStorage(repeating: 0, count: block.auditRows.count * specification.vocabSize)
  }

  /// Positions of the block that keep a target.
  package var rowCount: Int { rows }

  /// Keeps what the specification asks for of one row.
  ///
  /// - Parameters:
  ///   - row: The row's index in the block.
  ///   - logits: Unnormalised scores, shape `[vocab]`.
  ///   - decoderInput: The input of the teacher's output matrix, `[hiddenSize]`; for the tail
  ///     `hidden`.
  ///   - state: The last hidden state, `[hiddenSize]`; where states are kept.
  /// - Throws: `LogitCacheError.badTarget` where a number is not finite or too large.
  /// - Precondition: The row exists, and what the specification asks for is there.
  package func add(
    row: Int, logits: UnsafeBufferPointer<Float>,
    decoderInput: UnsafeBufferPointer<Float>? = nil, state: UnsafeBufferPointer<Float>? = nil
  ) throws {
    precondition((0..<rows).contains(row), "row \(row) of \(rows)")
    precondition(logits.count == specification.vocabSize, "\(logits.count) logits")
    if specification.target.headK > 0 { try addHead(row, logits) }
    if specification.target.tail == .hidden {
      guard let decoderInput, decoderInput.count == specification.teacher.hiddenSize else {
        preconditionFailure("the tail 'hidden' needs the decoder's input")
      }
      let target = hidden.row(row, columns: decoderInput.count)
      guard let scale = QuantizedRows.quantize(decoderInput, into: target) else {
        throw bad(row, "the decoder's input is not finite, or too large")
      }
      hiddenScales.elements[row] = scale
    }
    if specification.states != .none { try addState(row, state) }
    if let index = block.auditRows.firstIndex(of: row) {
      _ = audit.row(index, columns: logits.count).update(from: logits)
    }
    isAdded.elements[row] = true
  }

  /// Keeps a row whose head and tail another program has computed.
  ///
  /// - Parameters:
  ///   - row: The row's index in the block.
  ///   - headIDs: Distinct token IDs, largest logit first, equal logits by the lower ID; `[headK]`.
  ///   - headLogits: Their logits, `[headK]`.
  ///   - tail: The tail beyond them, relative to the largest logit.
  ///   - state: As for full logits.
  /// - Throws: `LogitCacheError.badTarget` where a number is not finite or too large.
  /// - Precondition: The row exists, the tail is of the kind `scalars`, the row is not audited.
  package func add(
    row: Int, headIDs: UnsafeBufferPointer<Int32>, headLogits: UnsafeBufferPointer<Float>,
    tail: SoftTargetSelection.TailScalars, state: UnsafeBufferPointer<Float>? = nil
  ) throws {
    precondition((0..<rows).contains(row), "row \(row) of \(rows)")
    precondition(specification.target.tail == .scalars && block.auditRows.isEmpty, "another tail")
    try store(row, ids: headIDs, values: headLogits)
    store(row, tail)
    if specification.states != .none { try addState(row, state) }
    isAdded.elements[row] = true
  }

  /// The streams of the block.
  ///
  /// - Precondition: Every row was added.
  package func finish() -> [NamedStream] {
    precondition(isAdded.elements.allSatisfy { $0 }, "a row was not added")
    let width = BytePlanes.tokenWidth(vocabularySize: specification.vocabSize)
    let k = specification.target.headK
    let isHidden = specification.target.tail == .hidden
    var streams = [
      NamedStream(
        name: StreamName.lengths, bytes: LittleEndian.bytes(block.lengths.map(UInt16.init))),
      NamedStream(
        name: StreamName.ids,
        bytes: BytePlanes.split(
          tokens: block.tokenIDs.map { order.rankOfToken[Int($0)] }, width: width)),
      NamedStream(
        name: StreamName.rows, bytes: LittleEndian.bytes(block.rowCounts.map(UInt16.init))),
      NamedStream(name: StreamName.positions, bytes: BytePlanes.split(block.positionGaps())),
      NamedStream(name: StreamName.inputCheck, bytes: LittleEndian.bytes(block.inputChecks)),
    ]
    if k > 0 {
      let ids = (0..<k).flatMap { place in
        BytePlanes.split(tokens: headRanks.part(place, count: rows), width: width)
      }
      let steps = (0..<k).flatMap { BytePlanes.split(headSteps.part($0, count: rows)) }
      streams.append(NamedStream(name: StreamName.headIDs, bytes: ids))
      streams.append(NamedStream(name: StreamName.headSteps, bytes: steps))
    }
    if isHidden {
      streams.append(
        NamedStream(
          name: StreamName.tailHidden, bytes: hidden.elements.map(UInt8.init(bitPattern:))))
      streams.append(
        NamedStream(
          name: StreamName.tailHiddenScales, bytes: BytePlanes.split(hiddenScales.elements)))
    } else {
      let bytes = (0..<5).flatMap { index in
        BytePlanes.split(scalars.part(index, count: rows).map(UInt16.init(bitPattern:)))
      }
      streams.append(NamedStream(name: StreamName.tailScalars, bytes: bytes))
    }
    return streams + stateStreams() + auditStreams()
  }

  private func addHead(_ row: Int, _ logits: UnsafeBufferPointer<Float>) throws {
    let k = specification.target.headK
    let tail = try withUnsafeTemporaryAllocation(of: Int32.self, capacity: k) { ids in
      try withUnsafeTemporaryAllocation(of: Float.self, capacity: k) { values in
        let tail = SoftTargetSelection.select(logits, ids: ids, values: values)
        guard let tail else { throw bad(row, "a logit is not finite") }
        try store(row, ids: UnsafeBufferPointer(ids), values: UnsafeBufferPointer(values))
        return tail
      }
    }
    if specification.target.tail == .scalars { store(row, tail) }
  }

  private func store(
    _ row: Int, ids: UnsafeBufferPointer<Int32>, values: UnsafeBufferPointer<Float>
  ) throws {
    let k = specification.target.headK
    precondition(ids.count == k && values.count == k, "\(ids.count) entries of \(k)")
    var previous = 0
    for place in 0..<k {
      let below = (Double(values[0]) - Double(values[place])) / specification.target.step
      // A comparison with what is not a number is false too.
      guard below < Double(CacheFormat.largestStep) else {
        throw bad(row, "logit \(values[place]) is too far below the largest, \(values[0])")
      }
      let step = Int(below.rounded())
      headRanks.elements[place * rows + row] = order.rankOfToken[Int(ids[place])]
      headSteps.elements[place * rows + row] = UInt16(step - previous)
      previous = step
    }
  }

  private func store(_ row: Int, _ tail: SoftTargetSelection.TailScalars) {
    for (index, value) in TailCode.encode(tail).enumerated() {
      scalars.elements[index * rows + row] = value
    }
  }

  private func addState(_ row: Int, _ state: UnsafeBufferPointer<Float>?) throws {
    let width = specification.teacher.hiddenSize
    guard let state, state.count == width else {
      preconditionFailure("the specification keeps states")
    }
    if specification.states == .int8 {
      guard
        let scale = QuantizedRows.quantize(state, into: states.row(row, columns: width))
      else { throw bad(row, "a state is not finite, or too large") }
      stateScales.elements[row] = scale
    } else {
      let target = halfStates.row(row, columns: width)
      for (column, value) in state.enumerated() {
        let half = Float16(value)
        guard half.isFinite else { throw bad(row, "a state is not finite, or too large") }
        target[column] = half.bitPattern
      }
    }
  }

  private func stateStreams() -> [NamedStream] {
    switch specification.states {
    case .none: []
    case .int8:
      [
        NamedStream(name: StreamName.states, bytes: states.elements.map(UInt8.init(bitPattern:))),
        NamedStream(name: StreamName.statesScales, bytes: BytePlanes.split(stateScales.elements)),
      ]
    case .fp16:
      [NamedStream(name: StreamName.states, bytes: BytePlanes.split(halfStates.elements))]
    }
  }

  private func auditStreams() -> [NamedStream] {
    if block.auditRows.isEmpty { return [] }
    return [
      NamedStream(
        name: StreamName.auditRows, bytes: LittleEndian.bytes(block.auditRows.map(UInt32.init))),
      NamedStream(name: StreamName.auditLogits, bytes: LittleEndian.bytes(Array(audit.elements))),
    ]
  }

  private func bad(_ row: Int, _ reason: String) -> LogitCacheError {
    .badTarget(what: "row \(row) of the block", reason: reason)
  }
}
