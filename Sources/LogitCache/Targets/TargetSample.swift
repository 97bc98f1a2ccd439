package import Kernels
import Synchronization

/// A sample of rows, from which a cache's codes and basis are made before its first block.
///
/// `add` may be called by several threads at once for distinct rows; the result does not depend on
/// their order.
package final class TargetSample: Sendable {
  private struct Row {
    var target: RowTarget
    var leading: [Int32]
    /// How much the row's tail has to say: the length of its probabilities as a vector.
    var weight = 1.0
    var input: [Float]
    /// For `sampled`: what was drawn.
    var drawn: SoftTargetSelection.Sample?
  }

  private let target: TargetSpecification
  private let vocabSize: Int
  private let hiddenSize: Int
  private let rows = Mutex<[Int: Row]>([:])

  /// Tokens of a row that count as likely, for the metric of the basis.
  private static let leadingTokens = 64

  /// A sample for a target.
  package init(target: TargetSpecification, vocabSize: Int, hiddenSize: Int) {
    self.target = target
    self.vocabSize = vocabSize
    self.hiddenSize = hiddenSize
  }

  /// Adds a row under a number of its own.
  ///
  /// - Parameters:
  ///   - row: A number that no other row has.
  ///   - logits: Unnormalised scores, `[vocab]`.
  ///   - decoderInput: The input of the teacher's output matrix, `[hiddenSize]`; for `lowrank`.
  /// - Throws: `LogitCacheError.badTarget` where a number is not finite.
  package func add(
    row: Int, logits: UnsafeBufferPointer<Float>, decoderInput: UnsafeBufferPointer<Float>?
  ) throws {
    let target = try RowTarget(logits, target: target, what: "row \(row) of the sample")
    let leading = try RowTarget.largest(
      min(max(Self.leadingTokens, self.target.headK + Self.leadingTokens / 2), vocabSize - 1),
      of: logits, what: "row \(row) of the sample")
    var kept = Row(
      target: target, leading: Array(leading.ids.prefix(Self.leadingTokens)), input: [])
    if self.target.tail == .lowrank {
      guard let decoderInput, decoderInput.count == hiddenSize else {
        preconditionFailure("the tail 'lowrank' needs the decoder's input")
      }
      kept.input = Array(decoderInput)
      let tail = leading.probabilities.dropFirst(self.target.headK)
      kept.weight = tail.reduce(1e-12) { $0 + $1 * $1 }.squareRoot()
    }
    if let threshold = self.target.threshold {
      kept.drawn = withUnsafeTemporaryAllocation(of: Float.self, capacity: logits.count) {
        SoftTargetSelection.sample(
          logits, threshold: threshold, seed: UInt64(bitPattern: Int64(row)), scratch: $0)
      }
    }
    rows.withLock { [kept] in $0[row] = kept }
  }

  /// Adds a row whose head and tail another program has computed.
  ///
  /// - Parameters:
  ///   - row: A number that no other row has.
  ///   - headIDs: Distinct token IDs, largest logit first, `[headK]`.
  ///   - headLogits: Their logits.
  ///   - tail: The tail beyond them, relative to the largest logit.
  /// - Throws: `LogitCacheError.badTarget` where a number is not finite or too large.
  /// - Precondition: The target's tail is of the kind `scalars`.
  package func add(
    row: Int, headIDs: UnsafeBufferPointer<Int32>, headLogits: UnsafeBufferPointer<Float>,
    tail: SoftTargetSelection.TailScalars
  ) throws {
    precondition(target.tail == .scalars, "another tail")
    let kept = try RowTarget(
      ids: headIDs, logits: headLogits, tail: tail, target: target,
      what: "row \(row) of the sample")
    rows.withLock { $0[row] = Row(target: kept, leading: kept.ids, input: []) }
  }

  /// How often each token was among a row's first ones, `[vocab]`.
  package var leadingCounts: [UInt32] {
    var counts = [UInt32](repeating: 0, count: vocabSize)
    rows.withLock { rows in
      for row in rows.values { for id in row.leading { counts[Int(id)] += 1 } }
    }
    return counts
  }

  /// The codes and the basis.
  ///
  /// - Parameters:
  ///   - order: How tokens are numbered.
  ///   - decoder: The teacher's output matrix; for `lowrank`.
  /// - Returns: The tables, and for `lowrank` the reader's matrix.
  /// - Throws: `LogitCacheError.badTarget` where the sample has no basis.
  package func tables(
    order: IDOrder, decoder: DecoderTable?
  ) throws -> (tables: TargetTables, decoder: LowRankDecoder?) {
    let rows = rows.withLock { rows in rows.sorted { $0.key < $1.key }.map(\.value) }
    let k = target.headK
    var tables = TargetTables(
      headIDs: (0..<k).map { place in
        PrefixCode(
          sample: rows.map { UInt32(order.rankOfToken[Int($0.target.ids[place])]) })
      },
      headSteps: (1..<max(k, 1)).map { place in
        PrefixCode(sample: rows.map { $0.target.increments[place] })
      })
    let scalarCount = TargetTables.scalarCount(target)
    if scalarCount > 0 {
      tables.scalars = TailCode(sample: rows.map(\.target.scalars), count: scalarCount)
    }
    if target.tail == .sampled {
      tables.sampled = SampledCode(
        sample: rows.compactMap(\.drawn).map { SampledRow($0, order: order) })
    }
    guard target.tail == .lowrank else { return (tables, nil) }
    guard let decoder else { preconditionFailure("the tail 'lowrank' needs the output matrix") }
    let inputs = rows.flatMap(\.input)
    let (basis, lowRank) = try LowRankFit.fit(
      inputs: inputs, weights: rows.map(\.weight), table: decoder, counts: leadingCounts,
      target: target)
    tables.basis = basis
    tables.coefficients = try coefficientCodes(
      rows, writer: CoefficientWriter(basis: basis, decoder: lowRank, target: target),
      rank: basis.rank)
    return (tables, lowRank)
  }

  private func coefficientCodes(
    _ rows: [Row], writer: CoefficientWriter, rank: Int
  ) throws -> [PrefixCode] {
    var columns = [[UInt32]](repeating: [], count: rank)
    for row in rows {
      let quantized = row.input.withUnsafeBufferPointer {
        writer.coefficients($0, row: row.target)
      }
      guard let quantized else {
        throw LogitCacheError.badTarget(what: "the sample", reason: "a hidden state is too large")
      }
      for (column, value) in quantized.enumerated() { columns[column].append(ZigZag.encode(value)) }
    }
    return columns.map { PrefixCode(sample: $0) }
  }
}
