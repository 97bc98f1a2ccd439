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
  /// IDs and log-steps are prefixes. Where the tail is scalars, each is that of the tail and the
  /// entries that go, at the quantised values of both.
  ///
  /// - Throws: `ShardStoreError`, `LogitCacheError`.
  func streams() throws -> [String: NamedStream] {
    let specification = decoder.specification
    let block = try decoder.decode(ReadOptions(headK: headK, wantsStates: false))
    let rows = block.rowCount
    let width = BytePlanes.tokenWidth(vocabularySize: specification.vocabSize)
    var streams: [String: NamedStream] = [:]
    for (name, bytes) in [(StreamName.headIDs, width), (StreamName.headSteps, 2)] {
      let prefix = try decoder.shard.stream(name, block: decoder.block)
        .prefix(bytes * headK * rows)
      streams[name] = NamedStream(name: name, bytes: Array(prefix))
    }
    guard specification.target.tail == .scalars else { return streams }
    let dropped = rows == 0 ? 0 : block.droppedLogits.count / rows
    let codes = (0..<rows).map { row in
      TailCode.encode(
        Self.merged(
          block.tailScalars[row], count: block.tailCount,
          with: block.droppedLogits[row * dropped..<(row + 1) * dropped]))
    }
    let bytes = (0..<5).flatMap { index in
      BytePlanes.split(codes.map { UInt16(bitPattern: $0[index]) })
    }
    streams[StreamName.tailScalars] = NamedStream(name: StreamName.tailScalars, bytes: bytes)
    return streams
  }

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
