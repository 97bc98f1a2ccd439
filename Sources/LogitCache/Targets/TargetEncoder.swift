import Kernels
import ShardStore
import Synchronization

/// Keeps the targets of the rows of one class of positions, and makes their streams.
///
/// `add` may be called by several threads at once for distinct rows. `@unchecked Sendable`: each row
/// writes its own elements of storage that is allocated before, and `streams` reads after all.
final class TargetEncoder: @unchecked Sendable {
  private let target: TargetSpecification
  private let tables: TargetTables
  private let order: IDOrder
  private let writer: CoefficientWriter?
  private let prefix: String
  private let rows: Int
  private let inputSize: Int

  private let headRanks: RowStorage<UInt32>  // [k][rows]
  private let headSteps: RowStorage<UInt32>  // [k][rows]
  private let scalars: RowStorage<UInt32>  // [scalars][rows]
  private let coefficients: RowStorage<UInt32>  // [rank][rows]
  private let hidden: RowStorage<Int8>  // [rows][E]
  private let hiddenScales: RowStorage<UInt16>
  private let sampled: Mutex<[SampledRow?]>

  /// - Precondition: The tables are those of the target.
  init(
    target: TargetSpecification, tables: TargetTables, decoder: LowRankDecoder?, order: IDOrder,
    prefix: String, rows: Int, inputSize: Int
  ) {
    precondition(tables.headIDs.count == target.headK, "tables of another target")
    self.target = target
    self.tables = tables
    self.order = order
    writer = tables.basis.map { CoefficientWriter(basis: $0, decoder: decoder, target: target) }
    self.prefix = prefix
    self.rows = rows
    self.inputSize = inputSize
    headRanks = RowStorage(repeating: 0, count: rows * target.headK)
    headSteps = RowStorage(repeating: 0, count: rows * target.headK)
    scalars = RowStorage(repeating: 0, count: rows * (tables.scalars?.count ?? 0))
    coefficients = RowStorage(repeating: 0, count: rows * tables.coefficients.count)
    let isHidden = target.tail == .hidden
    hidden = RowStorage(repeating: 0, count: isHidden ? rows * inputSize : 0)
    hiddenScales = RowStorage(repeating: 0, count: isHidden ? rows : 0)
    sampled = Mutex([SampledRow?](repeating: nil, count: target.tail == .sampled ? rows : 0))
  }

  /// Keeps a row.
  ///
  /// - Parameters:
  ///   - row: Its number among the rows of the class.
  ///   - logits: Unnormalised scores, `[vocab]`.
  ///   - decoderInput: The input of the output matrix, for the tails `hidden` and `lowrank`.
  ///   - seed: Decides what is drawn, for the tail `sampled`.
  ///   - what: Where it is, for messages.
  /// - Throws: `LogitCacheError.badTarget`.
  func add(
    row: Int, logits: UnsafeBufferPointer<Float>, decoderInput: UnsafeBufferPointer<Float>?,
    seed: UInt64, what: @autoclosure () -> String
  ) throws {
    if target.tail == .sampled {
      let kept = try SampledRow(logits, target: target, order: order, seed: seed, what: what())
      return sampled.withLock { $0[row] = kept }
    }
    let kept = try RowTarget(logits, target: target, what: what())
    add(row: row, kept)
    if target.tail == .hidden || target.tail == .lowrank {
      try addInput(row, kept, decoderInput, what: what())
    }
  }

  /// Keeps the head and the scalars of a row.
  func add(row: Int, _ kept: RowTarget) {
    for (place, id) in kept.ids.enumerated() {
      headRanks.elements[place * rows + row] = UInt32(order.rankOfToken[Int(id)])
      headSteps.elements[place * rows + row] = kept.increments[place]
    }
    if let code = tables.scalars {
      for (index, value) in code.differences(kept.scalars).enumerated() {
        scalars.elements[index * rows + row] = value
      }
    }
  }

  private func addInput(
    _ row: Int, _ kept: RowTarget, _ decoderInput: UnsafeBufferPointer<Float>?,
    what: @autoclosure () -> String
  ) throws {
    guard let decoderInput, decoderInput.count == inputSize else {
      preconditionFailure("the tail '\(target.tail.rawValue)' needs the decoder's input")
    }
    if target.tail == .hidden {
      let values = hidden.row(row, columns: inputSize)
      guard let scale = QuantizedRows.quantize(decoderInput, into: values) else {
        throw LogitCacheError.badTarget(
          what: what(), reason: "the decoder's input is not finite, or too large")
      }
      hiddenScales.elements[row] = scale
    } else {
      try addCoefficients(row, kept, decoderInput, what: what())
    }
  }

  private func addCoefficients(
    _ row: Int, _ kept: RowTarget, _ input: UnsafeBufferPointer<Float>,
    what: @autoclosure () -> String
  ) throws {
    guard let writer else { preconditionFailure("the tables have no basis") }
    guard let values = writer.coefficients(input, row: kept) else {
      throw LogitCacheError.badTarget(
        what: what(), reason: "the decoder's input is not finite, or too large")
    }
    for (column, value) in values.enumerated() {
      coefficients.elements[column * rows + row] = ZigZag.encode(value)
    }
  }

  /// The streams of the class.
  func streams() -> [NamedStream] {
    var streams: [NamedStream] = []
    func add(_ name: String, _ bytes: [UInt8]) {
      streams.append(NamedStream(name: prefix + name, bytes: bytes))
    }
    if target.headK > 0 {
      add(StreamName.headIDs, coded(headRanks, 0..<target.headK, tables.headIDs))
      add(StreamName.headSteps, coded(headSteps, 1..<target.headK, tables.headSteps))
    }
    if let code = tables.scalars {
      add(StreamName.tailScalars, coded(scalars, 0..<code.count, code.codes))
    }
    if tables.basis != nil {
      add(
        StreamName.tailLowRank,
        coded(coefficients, 0..<tables.coefficients.count, tables.coefficients))
    }
    if let code = tables.sampled {
      let rows = sampled.withLock { $0.compactMap(\.self) }
      add(
        StreamName.tailSampled, CodedColumns.encode(SampledCode.columns(rows), codes: code.codes))
    }
    if target.tail == .hidden {
      add(StreamName.tailHidden, hidden.elements.map(UInt8.init(bitPattern:)))
      add(StreamName.tailHiddenScales, BytePlanes.split(hiddenScales.elements))
    }
    return streams
  }

  private func coded(
    _ storage: RowStorage<UInt32>, _ columns: Range<Int>, _ codes: [PrefixCode]
  ) -> [UInt8] {
    CodedColumns.encode(columns.map { Array(storage.part($0, count: rows)) }, codes: codes)
  }
}
