import Foundation
import Kernels
import ShardStore

/// Cuts the head of a block to fewer entries; the tail takes in those that go.
struct SmallerHead {
  /// The block to cut.
  let decoder: SoftTargetDecoder
  /// Entries that stay.
  let headK: Int

  /// The streams that change, by name.
  ///
  /// IDs and log-steps stay as they are. Where the tail is scalars, each is that of the tail and the
  /// entries that go, at the quantised values of both.
  ///
  /// - Throws: `ShardStoreError`, `LogitCacheError`.
  /// - Precondition: `headK` is 1 or more, and at most that of the cache.
  func streams() throws -> [String: NamedStream] {
    var specification = decoder.specification
    let hasScalars = specification.target.tail == .scalars
    let block = try decoder.decode(
      ReadOptions(headK: headK, wantsTail: hasScalars, wantsStates: false))
    // The head's streams do not depend on the tail.
    specification.target = TargetSpecification(
      headK: headK, step: specification.target.step, tail: .scalars)
    specification.states = .none
    let encoder = try SoftTargetEncoder(
      specification: specification, order: decoder.order,
      block: TargetBlock(
        lengths: block.lengths, tokenIDs: block.tokenIDs,
        rowCounts: zip(block.rowStarts, block.rowStarts.dropFirst()).map { $1 - $0 },
        positions: block.positions, inputChecks: block.inputChecks))
    let dropped = block.rowCount == 0 ? 0 : block.droppedLogits.count / block.rowCount
    for row in 0..<block.rowCount {
      var tail = SoftTargetSelection.TailScalars(
        logPartition: 0, slope: 0, halfLogPartition: 0, halfSlope: 0, mean: 0)
      if hasScalars {
        tail = Self.merged(
          block.tailScalars[row], count: block.tailCount,
          with: block.droppedLogits[row * dropped..<(row + 1) * dropped])
      }
      let entries = row * headK..<(row + 1) * headK
      try block.headIDs[entries].withUnsafeBufferPointer { ids in
        try block.headLogits[entries].withUnsafeBufferPointer { logits in
          try encoder.add(row: row, headIDs: ids, headLogits: logits, tail: tail)
        }
      }
    }
    return encoder.finish().reduce(into: [:]) { streams, stream in
      if stream.name.hasPrefix(Self.headPrefix) || stream.name == StreamName.tailScalars {
        streams[stream.name] = stream
      }
    }
  }

  /// Begins the names of the head's streams.
  static let headPrefix = "head."

  /// The scalars of a tail of `count` tokens and some more, given as logits below the maximum.
  static func merged(
    _ tail: SoftTargetSelection.TailScalars, count: Int, with logits: ArraySlice<Float>
  ) -> SoftTargetSelection.TailScalars {
    func join(_ partition: Double, _ slope: Double, beta: Double) -> (Double, Double) {
      let most = logits.reduce(partition) { max($0, beta * Double($1)) }
      var mass = exp(partition - most)
      var mean = mass * slope
      for logit in logits {
        let weight = exp(beta * Double(logit) - most)
        mass += weight
        mean += weight * Double(logit)
      }
      return (most + log(mass), mean / mass)
    }
    let (one, slope) = join(tail.logPartition, tail.slope, beta: 1)
    let (half, halfSlope) = join(tail.halfLogPartition, tail.halfSlope, beta: 0.5)
    let sum = logits.reduce(Double(count) * tail.mean) { $0 + Double($1) }
    return SoftTargetSelection.TailScalars(
      logPartition: one, slope: slope, halfLogPartition: half, halfSlope: halfSlope,
      mean: sum / Double(count + logits.count))
  }
}
