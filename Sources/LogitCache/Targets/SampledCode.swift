import Foundation
import Kernels

/// A row's sample as the integers that are kept of it.
struct SampledRow: Sendable {
  /// Ranks of the exact IDs, ascending.
  var exactRanks: [UInt32]
  /// `-log p` of each in units of ``SampledCode/logUnit``.
  var exactLogs: [UInt32]
  /// Ranks of the drawn IDs, ascending.
  var drawnRanks: [UInt32]

  /// - Parameters:
  ///   - sample: What the kernel drew.
  ///   - order: How tokens are numbered.
  init(_ sample: SoftTargetSelection.Sample, order: IDOrder) {
    let exact = zip(sample.ids, sample.probabilities).prefix(sample.exactCount)
      .map { (UInt32(order.rankOfToken[Int($0)]), $1) }.sorted { $0.0 < $1.0 }
    exactRanks = exact.map(\.0)
    exactLogs = exact.map { _, p in
      UInt32(min(max((-Double(log(p)) / SampledCode.logUnit).rounded(), 0), 65_535))
    }
    drawnRanks = sample.ids.dropFirst(sample.exactCount)
      .map { UInt32(order.rankOfToken[Int($0)]) }.sorted()
  }
}

extension SampledRow {
  /// Draws from a row of logits.
  ///
  /// - Throws: `LogitCacheError.badTarget` where a logit is not finite.
  init(
    _ logits: UnsafeBufferPointer<Float>, target: TargetSpecification, order: IDOrder, seed: UInt64,
    what: @autoclosure () -> String
  ) throws {
    let sample = withUnsafeTemporaryAllocation(of: Float.self, capacity: logits.count) {
      SoftTargetSelection.sample(
        logits, threshold: target.threshold ?? 1, seed: seed, scratch: $0)
    }
    guard let sample else {
      throw LogitCacheError.badTarget(what: what(), reason: "a logit is not finite")
    }
    self.init(sample, order: order)
  }
}

/// The codes of sampled targets.
package struct SampledCode: Sendable, Equatable {
  /// Unit of the logarithm of an exact probability.
  static let logUnit = 1.0 / 64
  /// Largest logarithm, in its units, of a probability that is not 0 in single precision.
  static let largestLog: UInt32 = 4096
  /// Codes: two counts, the gaps of two lists of ranks, the logarithms.
  static let count = 5

  /// In that order.
  let codes: [PrefixCode]

  /// Codes as they were kept; nil for another number.
  init?(codes: [PrefixCode]) {
    guard codes.count == Self.count else { return nil }
    self.codes = codes
  }

  /// The best codes for a sample of rows.
  init(sample rows: [SampledRow]) {
    codes = Self.columns(rows).map { PrefixCode(sample: $0) }
  }

  /// Counts of a row's exact and drawn IDs, gaps of the ranks, and the logarithms: five columns.
  static func columns(_ rows: [SampledRow]) -> [[UInt32]] {
    [
      rows.map { UInt32($0.exactRanks.count) }, rows.map { UInt32($0.drawnRanks.count) },
      rows.flatMap { gaps($0.exactRanks) }, rows.flatMap { gaps($0.drawnRanks) },
      rows.flatMap(\.exactLogs),
    ]
  }

  /// Each rank less the one before it and 1; the first as it is.
  private static func gaps(_ ranks: [UInt32]) -> [UInt32] {
    zip(ranks, [0] + ranks.map { $0 + 1 }).map { $0 - $1 }
  }
}

/// Sampled IDs of some rows with estimates of their probabilities at T = 1.
package struct SampledRows: Sendable, Equatable {
  /// Where each row's IDs start: `rows + 1` offsets.
  package var starts: [Int] = [0]
  /// Distinct within a row.
  package var ids: [Int32] = []
  /// They sum to 1 in each row.
  package var probabilities: [Float] = []

  /// Adds a row: exact probabilities, and what they leave shared out evenly among the drawn IDs.
  mutating func append(exact: [(id: Int32, log: UInt32)], drawn: [Int32]) {
    var weights = exact.map { exp(-Double($0.log) * SampledCode.logUnit) }
    let sum = weights.reduce(0, +)
    let rest = max(0, 1 - sum)
    let share = drawn.isEmpty ? 0 : rest / Double(drawn.count)
    // Rounding may leave a little more or less than 1 to the exact ones.
    if drawn.isEmpty || sum > 1 { weights = weights.map { $0 / sum } }
    ids += exact.map(\.id) + drawn
    probabilities += weights.map(Float.init)
    probabilities += [Float](repeating: Float(share), count: drawn.count)
    starts.append(ids.count)
  }
}
