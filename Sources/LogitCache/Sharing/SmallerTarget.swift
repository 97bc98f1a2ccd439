import Foundation
import Kernels
import ShardStore

/// Cuts the targets of a block: a smaller head, whose entries the tail takes in, and fewer
/// coefficients.
///
/// IDs, log-steps and coefficients stay as they are, in a prefix of their columns. Scalars of the tail
/// are those of the tail and the entries that go, at the quantised values of both.
struct SmallerTarget {
  /// The block to cut.
  let decoder: SoftTargetDecoder
  /// What stays, one entry a class of positions.
  let targets: [TargetSpecification]

  private var old: [TargetSpecification] { decoder.specification.targets }

  /// The streams that change, by name.
  ///
  /// - Throws: `ShardStoreError`, `LogitCacheError`.
  /// - Precondition: heads and ranks are at most those of the cache.
  func streams() throws -> [String: NamedStream] {
    var changed: [String: NamedStream] = [:]
    func keep(_ name: String, _ bytes: [UInt8]) {
      changed[name] = NamedStream(name: name, bytes: bytes)
    }
    for (index, target) in targets.enumerated() {
      let prefix = StreamName.prefix(ofClass: index)
      let tables = decoder.tables[index]
      if target.headK < old[index].headK && target.headK > 0 {
        let (ids, steps) = (prefix + StreamName.headIDs, prefix + StreamName.headSteps)
        keep(ids, try cut(ids, tables.headIDs.count, to: target.headK))
        keep(steps, try cut(steps, tables.headSteps.count, to: target.headK - 1))
        if let code = tables.scalars {
          keep(prefix + StreamName.tailScalars, try scalars(ofClass: index, code: code))
        }
      }
      if let rank = target.rank, rank < tables.coefficients.count {
        let name = prefix + StreamName.tailLowRank
        keep(name, try cut(name, tables.coefficients.count, to: rank))
      }
    }
    return changed
  }

  /// Whether a stream is left out: those of a head that goes as a whole.
  func isDropped(_ name: String) -> Bool {
    targets.enumerated().contains { index, target in
      target.headK == 0 && name.hasPrefix(StreamName.prefix(ofClass: index) + Self.headPrefix)
    }
  }

  /// Begins the names of the head's streams.
  private static let headPrefix = "head."

  private func cut(_ name: String, _ columns: Int, to kept: Int) throws -> [UInt8] {
    let streams = decoder.streams
    let bytes = try streams.shard.stream(name, block: streams.block)
    guard let cut = CodedColumns.prefix(bytes, of: columns, keeping: kept) else {
      throw streams.damaged(name, "sizes of \(columns) columns", "those of the stream", "others")
    }
    return cut
  }

  /// The tail's scalars with the entries that go, coded as before: the codes take any number.
  private func scalars(ofClass index: Int, code: TailCode) throws -> [UInt8] {
    let part = try decoder.decode(
      ReadOptions(headK: targets[index].headK, wantsStates: false)
    ).parts[index]
    var columns = [[UInt32]](repeating: [], count: code.count)
    for row in 0..<part.rows {
      let tail = Self.merged(part, row)
      let integers = TailCode.integers(tail, count: code.count)
      for (column, value) in code.differences(integers).enumerated() {
        columns[column].append(value)
      }
    }
    return CodedColumns.encode(columns, codes: code.codes)
  }

  private static func merged(
    _ part: TargetPart, _ row: Int
  ) -> SoftTargetSelection.TailScalars {
    switch part.tail {
    case .scalars(let scalars):
      return merged(scalars[row], count: part.tailCount, with: part.dropped(row))
    case .lowRank(let rows):
      let joined = rows.partitions(row).map { beta, value in
        TailPartition.adding(part.dropped(row), to: value, beta: beta)
      }
      return SoftTargetSelection.TailScalars(
        logPartition: joined[0], slope: 0, halfLogPartition: joined[1], halfSlope: 0, mean: 0,
        threeQuarterLogPartition: joined.count > 2 ? joined[2] : nil)
    case .none, .hidden, .sampled: preconditionFailure("the tail has no scalars")
    }
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
      mean: sum / Double(count + logits.count),
      threeQuarterLogPartition: tail.threeQuarterLogPartition.map {
        join($0, 0, beta: 0.75).0
      })
  }
}
