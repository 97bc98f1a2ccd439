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
  /// The targets of each class of positions.
  private let parts: [TargetEncoder]
  /// Class of each row, and its number in it.
  private let places: [(part: Int, row: Int)]

  /// What each row draws from: its sequence's corrupted tokens, and its position.
  private let seeds: [UInt64]
  private let isAdded: RowStorage<Bool>
  /// One a layer whose states are kept.
  private let states: [StateEncoder]
  private let audit: RowStorage<Float>  // [audited][V]

  /// Begins a block.
  ///
  /// - Throws: `LogitCacheError.badTarget` where the block's parts do not agree.
  /// - Precondition: The specification is valid and the tables are its own.
  package init(specification: CacheSpecification, tables: CacheTables, block: TargetBlock) throws {
    let order = tables.order
    precondition(order.tokenOfRank.count == specification.vocabSize, "order of another vocabulary")
    precondition(tables.targets.count == specification.targets.count, "tables of other targets")
    try block.validate(vocabSize: specification.vocabSize, classes: specification.targets.count)
    self.specification = specification
    self.order = order
    self.block = block
    rows = block.positions.count
    let columns = specification.targets.map { max($0.headK, $0.rank ?? 0) }.max() ?? 0
    guard rows * columns <= CacheFormat.largestArray else {
      throw LogitCacheError.badTarget(
        what: "block", reason: "\(rows) rows of \(columns) numbers are too many for one block")
    }
    var counts = [Int](repeating: 0, count: specification.targets.count)
    var places: [(part: Int, row: Int)] = []
    places.reserveCapacity(rows)
    for row in 0..<rows {
      let part = block.classes.isEmpty ? 0 : Int(block.classes[row])
      places.append((part, counts[part]))
      counts[part] += 1
    }
    self.places = places
    let checks = zip(block.inputChecks, block.rowCounts).flatMap {
      [UInt64](repeating: $0, count: Int($1))
    }
    seeds = zip(checks, block.positions).map { $0 &+ 0x9E37_79B9_7F4A_7C15 &* UInt64($1) }
    parts = specification.targets.indices.map { index in
      TargetEncoder(
        target: specification.targets[index], tables: tables.targets[index],
        decoder: tables.lowRank[index], order: order, prefix: StreamName.prefix(ofClass: index),
        rows: counts[index], inputSize: specification.teacher.inputSize)
    }
    isAdded = RowStorage(repeating: false, count: rows)
    let rows = rows
    states =
      specification.states == .shared
      ? []
      : specification.keptStateLayers.map {
        StateEncoder(layer: $0, specification: specification, rows: rows)
      }
    audit = RowStorage(repeating: 0, count: block.auditRows.count * specification.vocabSize)
  }

  /// Positions of the block that keep a target.
  package var rowCount: Int { rows }

  /// Keeps what the specification asks for of one row.
  ///
  /// - Parameters:
  ///   - row: The row's index in the block.
  ///   - logits: Unnormalised scores, shape `[vocab]`.
  ///   - decoderInput: The input of the teacher's output matrix, `[inputSize]`; for the tails
  ///     `hidden` and `lowrank`.
  ///   - state: The states of the layers that are kept, one after the other, `[layers, hiddenSize]`;
  ///     where states are kept.
  /// - Throws: `LogitCacheError.badTarget` where a number is not finite or too large.
  /// - Precondition: The row exists, and what the specification asks for is there.
  package func add(
    row: Int, logits: UnsafeBufferPointer<Float>,
    decoderInput: UnsafeBufferPointer<Float>? = nil, state: UnsafeBufferPointer<Float>? = nil
  ) throws {
    precondition((0..<rows).contains(row), "row \(row) of \(rows)")
    precondition(logits.count == specification.vocabSize, "\(logits.count) logits")
    let place = places[row]
    try parts[place.part].add(
      row: place.row, logits: logits, decoderInput: decoderInput, seed: seeds[row],
      what: Self.name(row))
    try addState(row, state)
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
  /// - Precondition: The row exists, its tail is of the kind `scalars`, and no row is audited.
  package func add(
    row: Int, headIDs: UnsafeBufferPointer<Int32>, headLogits: UnsafeBufferPointer<Float>,
    tail: SoftTargetSelection.TailScalars, state: UnsafeBufferPointer<Float>? = nil
  ) throws {
    precondition((0..<rows).contains(row), "row \(row) of \(rows)")
    let place = places[row]
    let target = specification.targets[place.part]
    precondition(target.tail == .scalars && block.auditRows.isEmpty, "another tail")
    parts[place.part].add(
      row: place.row,
      try RowTarget(
        ids: headIDs, logits: headLogits, tail: tail, target: target, what: Self.name(row)))
    try addState(row, state)
    isAdded.elements[row] = true
  }

  /// The streams of the block.
  ///
  /// - Precondition: Every row was added.
  package func finish() -> [NamedStream] {
    precondition(isAdded.elements.allSatisfy { $0 }, "a row was not added")
    let width = BytePlanes.tokenWidth(vocabularySize: specification.vocabSize)
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
    if specification.targets.count > 1 {
      streams.append(NamedStream(name: StreamName.classes, bytes: block.classes))
    }
    return streams + parts.flatMap { $0.streams() } + states.flatMap { $0.streams() }
      + auditStreams()
  }

  private func addState(_ row: Int, _ state: UnsafeBufferPointer<Float>?) throws {
    if states.isEmpty { return }
    let width = specification.teacher.hiddenSize
    guard let state, state.count == width * states.count else {
      preconditionFailure("the specification keeps states")
    }
    for (index, layer) in states.enumerated() {
      let part = UnsafeBufferPointer(rebasing: state[index * width..<(index + 1) * width])
      guard layer.add(row, part) else {
        throw LogitCacheError.badTarget(
          what: Self.name(row), reason: "a state is not finite, or too large")
      }
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

  private static func name(_ row: Int) -> String { "row \(row) of the block" }
}
