import Foundation
import Kernels
import LogitCache
import ShardStore

/// What holds of every number that a reader gives, whoever wrote the file.
struct Bounds {
  /// A number that is out of its bounds.
  struct Broken: Error, CustomStringConvertible {
    let description: String
  }

  private let specification: CacheSpecification
  private let rowsOf: (Int, Int) throws -> Int
  private let estimates: [LowRankEstimate?]

  /// Bounds of a cache's numbers.
  ///
  /// - Throws: What reading the bases throws.
  init(reader: CacheReader) throws {
    specification = reader.specification
    rowsOf = { block, replica in
      try reader.readBlock(
        block, replica: replica,
        options: ReadOptions(wantsHead: false, wantsTail: false, wantsStates: false)
      ).rowCount
    }
    estimates = try reader.specification.targets.enumerated().map { index, target in
      guard target.tail == .lowrank else { return nil }
      return LowRankEstimate(
        decoder: try reader.readLowRankDecoder(ofClass: index), rank: target.rank ?? 0,
        headStep: target.step)
    }
  }

  /// Checks an answer.
  ///
  /// - Throws: `Broken`.
  func check(_ item: Reading.Item) throws {
    switch item {
    case .block(let block): try check(block)
    case .audit(let rows):
      for row in rows {
        try require(row.logits.count == specification.vocabSize, "logits of another vocabulary")
        try require(row.logits.allSatisfy(\.isFinite), "an audited logit is not finite")
        if let count = try? rowsOf(row.block, row.replica) {
          try require((0..<count).contains(row.row), "audited row \(row.row) of \(count)")
        }
      }
    case .lengths(let lengths):
      try require(!lengths.isEmpty && lengths.allSatisfy { $0 > 0 }, "a length below 1")
    case .matrix(let values): try require(values.allSatisfy(\.isFinite), "a weight is not finite")
    case .lowRank(let decoder):
      try require(
        (decoder.weight + decoder.bias + decoder.variances + decoder.noise).allSatisfy(\.isFinite),
        "a basis is not finite")
    case .sizes(let sizes, let rows):
      try require(rows >= 0, "\(rows) rows")
      try require(sizes.values.allSatisfy { $0.raw >= 0 && $0.stored >= 0 }, "a negative size")
    case .counts(let counts):
      try require(counts.count == specification.vocabSize, "counts of another vocabulary")
    case .order(let order):
      try require(
        order.tokenOfRank.sorted() == (0..<Int32(specification.vocabSize)).map { $0 },
        "an order that is none")
    }
  }

  private func require(_ condition: Bool, _ what: @autoclosure () -> String) throws {
    if !condition { throw Broken(description: what()) }
  }

  private func check(_ block: SoftTargetBlock) throws {
    let vocabSize = Int32(specification.vocabSize)
    try require(block.lengths.allSatisfy { $0 > 0 }, "a length below 1")
    try require(
      block.tokenIDs.count == block.lengths.reduce(0) { $0 + Int($1) }, "tokens and lengths")
    try require(block.tokenIDs.allSatisfy { (0..<vocabSize).contains($0) }, "a token")
    try require(block.rowStarts.count == block.lengths.count + 1, "starts of rows")
    for (sequence, length) in block.lengths.enumerated() {
      let rows = block.positions[
        Int(block.rowStarts[sequence])..<Int(block.rowStarts[sequence + 1])]
      try require(rows.allSatisfy { (0..<length).contains($0) }, "a position")
      try require(zip(rows, rows.dropFirst()).allSatisfy { $0 < $1 }, "order of positions")
    }
    for (index, part) in block.parts.enumerated() {
      try check(part, target: specification.targets[index], estimate: estimates[index])
    }
    for row in 0..<block.rowCount {
      let place = block.place(row)
      try require(
        block.parts.indices.contains(place.part) && place.row < block.parts[place.part].rows,
        "place of row \(row)")
    }
    for states in (block.states.map { [$0] } ?? []) + block.innerStates.values {
      try require(states.rows == block.rowCount, "rows of states")
      try check(states)
    }
  }

  private func check(
    _ part: TargetPart, target: TargetSpecification, estimate: LowRankEstimate?
  ) throws {
    let vocabSize = Int32(specification.vocabSize)
    try require(part.headIDs.count == part.rows * part.headK, "IDs of the head")
    try require(part.headIDs.allSatisfy { (0..<vocabSize).contains($0) }, "an ID of the head")
    let logits = part.headLogits + part.droppedLogits
    try require(logits.allSatisfy { $0.isFinite && $0 <= 0 }, "a logit of the head")
    switch part.tail {
    case .none: break
    case .scalars:
      for row in 0..<part.rows {
        for beta in [1, 0.8, 0.5, 0.3, 0.125] {
          let tail = part.tailPartition(row).logPartition(beta: beta)
          try require(tail.isFinite && abs(tail) < 1e5, "log-partition \(tail)")
        }
      }
    case .hidden(let rows): try check(rows)
    case .lowRank(let rows):
      try require(rows.coefficients.count == part.rows * rows.rank, "coefficients")
      let numbers =
        rows.coefficients + rows.logPartitions + rows.halfLogPartitions
        + rows.threeQuarterLogPartitions
      try require(numbers.allSatisfy(\.isFinite), "a coefficient is not finite")
      if let estimate, rows.rank == estimate.rank, part.headK > 0 {
        try check(rows, part, estimate)
      }
    case .sampled(let rows): try check(rows, part)
    }
  }

  /// The coefficients that a trainer uses, and the logits that it makes of them.
  private func check(_ rows: LowRankRows, _ part: TargetPart, _ estimate: LowRankEstimate) throws {
    let columns = estimate.components
    var output = [Float](repeating: 0, count: columns)
    for row in 0..<part.rows {
      let head = row * part.headK..<(row + 1) * part.headK
      rows.coefficients[row * rows.rank..<(row + 1) * rows.rank].withUnsafeBufferPointer { known in
        part.headIDs[head].withUnsafeBufferPointer { ids in
          part.headLogits[head].withUnsafeBufferPointer { logits in
            output.withUnsafeMutableBufferPointer {
              estimate.extend(known, ids: ids, logits: logits, into: $0)
            }
          }
        }
      }
      try require(output.allSatisfy(\.isFinite), "an estimated coefficient is not finite")
    }
  }

  private func check(_ rows: SampledRows, _ part: TargetPart) throws {
    try require(rows.starts.count == part.rows + 1, "starts of sampled rows")
    for row in 0..<part.rows {
      let range = rows.starts[row]..<rows.starts[row + 1]
      let ids = rows.ids[range]
      try require(ids.allSatisfy { (0..<Int32(specification.vocabSize)).contains($0) }, "an ID")
      try require(Set(ids).count == ids.count, "an ID twice in a row")
      let probabilities = rows.probabilities[range]
      try require(probabilities.allSatisfy { $0.isFinite && $0 >= 0 }, "a probability")
      let sum = probabilities.reduce(0.0) { $0 + Double($1) }
      try require(abs(sum - 1) < 1e-4, "probabilities that sum to \(sum)")
    }
  }

  private func check(_ rows: QuantizedRows) throws {
    var output = [Float](repeating: 0, count: rows.columns)
    for row in 0..<rows.rows {
      output.withUnsafeMutableBufferPointer { rows.copyRow(row, into: $0) }
      try require(output.allSatisfy(\.isFinite), "a number of a row is not finite")
    }
  }
}
