import Foundation
import Kernels

/// The integers that one row leaves behind, before they are coded.
struct RowTarget {
  /// Token IDs of the head, largest logit first.
  var ids: [Int32] = []
  /// Each place's log-step minus that of the place before; the first is 0.
  var increments: [UInt32] = []
  /// Integers of the tail's scalars.
  var scalars: [Int32] = []
  /// The likeliest tokens past the head, to which coefficients are fitted.
  var next = NextTokens()

  /// Tokens past the head.
  struct NextTokens {
    var ids: [Int32] = []
    /// Their logits less the row's largest.
    var logits: [Float] = []
    /// log of the sum over the whole row of exp(beta (z - m)), for beta = 1 and 1/2.
    var logSum = 0.0
    var halfLogSum = 0.0
  }

  /// Head and scalars of a row of logits.
  ///
  /// - Throws: `LogitCacheError.badTarget` where a logit is not finite or too far from the largest.
  init(
    _ logits: UnsafeBufferPointer<Float>, target: TargetSpecification,
    what: @autoclosure () -> String
  ) throws {
    let k = target.headK
    guard k > 0 else { return }
    let count = min(k + (target.fittedTokens ?? 0), logits.count - 1)
    try withUnsafeTemporaryAllocation(of: Int32.self, capacity: count) { ids in
      try withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { values in
        guard var tail = SoftTargetSelection.select(logits, ids: ids, values: values) else {
          throw LogitCacheError.badTarget(what: what(), reason: "a logit is not finite")
        }
        if count > k {
          next.ids = Array(ids[k...])
          next.logits = values[k...].map { $0 - values[0] }
          tail = SmallerTarget.merged(tail, count: logits.count - count, with: next.logits[...])
          let head = values[..<k].map { $0 - values[0] }
          next.logSum = TailPartition.adding(head[...], to: tail.logPartition, beta: 1)
          next.halfLogSum = TailPartition.adding(head[...], to: tail.halfLogPartition, beta: 0.5)
        }
        try keep(
          UnsafeBufferPointer(rebasing: ids[..<k]), UnsafeBufferPointer(rebasing: values[..<k]),
          tail, target, what())
      }
    }
  }

  /// A row whose head and tail are known.
  ///
  /// - Parameters:
  ///   - ids: Token IDs of the head, largest logit first, `[headK]`.
  ///   - logits: Their logits; any constant of the row may be added.
  ///   - tail: The tail beyond them, relative to the largest logit.
  ///   - target: What is kept.
  ///   - what: Where the row is, for messages.
  /// - Throws: `LogitCacheError.badTarget` where a logit is not finite or too far from the largest.
  init(
    ids: UnsafeBufferPointer<Int32>, logits: UnsafeBufferPointer<Float>,
    tail: SoftTargetSelection.TailScalars, target: TargetSpecification,
    what: @autoclosure () -> String
  ) throws {
    try keep(ids, logits, tail, target, what())
  }

  private mutating func keep(
    _ ids: UnsafeBufferPointer<Int32>, _ logits: UnsafeBufferPointer<Float>,
    _ tail: SoftTargetSelection.TailScalars, _ target: TargetSpecification,
    _ what: @autoclosure () -> String
  ) throws {
    let k = target.headK
    precondition(ids.count == k && logits.count == k && k > 0, "\(ids.count) entries of \(k)")
    increments.reserveCapacity(k)
    var previous = 0
    for value in logits {
      let below = (Double(logits[0]) - Double(value)) / target.step
      // A comparison with what is not a number is false too.
      guard below < Double(CacheFormat.largestStep) else {
        throw LogitCacheError.badTarget(
          what: what(), reason: "logit \(value) is too far below the largest, \(logits[0])")
      }
      let step = Int(below.rounded())
      increments.append(UInt32(step - previous))
      previous = step
    }
    self.ids = Array(ids)
    let scalarCount = TargetTables.scalarCount(target)
    if scalarCount > 0 { scalars = TailCode.integers(tail, count: scalarCount) }
  }

  /// The head's logits less the row's largest, as a reader gets them.
  func headLogits(step: Double) -> [Float] {
    var sum: UInt32 = 0
    return increments.map { increment in
      sum += increment
      return -Float(step) * Float(sum)
    }
  }

  /// The token IDs of the largest logits, in their order, and their probabilities at T = 1.
  static func largest(
    _ count: Int, of logits: UnsafeBufferPointer<Float>, what: @autoclosure () -> String
  ) throws -> (ids: [Int32], probabilities: [Double]) {
    try withUnsafeTemporaryAllocation(of: Int32.self, capacity: count) { ids in
      try withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { values in
        guard let tail = SoftTargetSelection.select(logits, ids: ids, values: values) else {
          throw LogitCacheError.badTarget(what: what(), reason: "a logit is not finite")
        }
        let weights = values.map { exp(Double($0) - Double(values[0])) }
        let sum = weights.reduce(exp(tail.logPartition), +)
        return (Array(ids), weights.map { $0 / sum })
      }
    }
  }
}
