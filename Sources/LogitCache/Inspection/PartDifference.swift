/// What the targets of two blocks differ by, summed over classes of positions.
struct PartDifference {
  /// Largest difference of a logit.
  var largest = 0.0
  /// What one quantisation step makes of a logit at most.
  var quantisation = 0.0
  /// Tokens of the head, or drawn, that the other does not have in that row.
  var changedTokens = 0
  /// Tokens of the head, or drawn.
  var tokens = 0

  /// Rows whose logits are computed from vectors; each costs a whole vocabulary.
  private static let mostVectors = 16

  /// Compares one class of positions, with the same rows in both.
  mutating func add(
    _ a: TargetPart, _ b: TargetPart, target: TargetSpecification, index: Int,
    tables: CacheTables
  ) {
    addHeads(a, b)
    if target.headK > 1 { quantisation = max(quantisation, target.step) }
    switch (a.tail, b.tail) {
    case (.hidden(let first), .hidden(let second)):
      guard let decoder = tables.decoder else { return }
      let rows = (0..<a.rows).filter { Self.row(first, $0) != Self.row(second, $0) }
      addVectors(rows, columns: first.columns, weight: decoder.weight) {
        (
          Self.row(first, $0), Self.row(second, $0),
          Array(repeating: first.scale($0) ?? 0, count: first.columns)
        )
      }
    case (.lowRank(let first), .lowRank(let second)):
      guard let decoder = tables.lowRank[index], let basis = tables.targets[index].basis else {
        return
      }
      let rank = basis.rank
      let row = { (rows: LowRankRows, number: Int) in
        Array(rows.coefficients[number * rank..<(number + 1) * rank])
      }
      let rows = (0..<a.rows).filter { row(first, $0) != row(second, $0) }
      addVectors(rows, columns: decoder.components, weight: decoder.weight) {
        (row(first, $0), row(second, $0), basis.steps)
      }
    case (.sampled(let first), .sampled(let second)):
      for row in 0..<a.rows {
        let other = Set(second.ids[second.starts[row]..<second.starts[row + 1]])
        let own = first.ids[first.starts[row]..<first.starts[row + 1]]
        tokens += own.count
        changedTokens += own.count { !other.contains($0) }
      }
    default: break
    }
  }

  /// Entries of the same token in the same row.
  private mutating func addHeads(_ a: TargetPart, _ b: TargetPart) {
    tokens += a.headIDs.count
    for row in 0..<a.rows where a.headK > 0 {
      let range = row * a.headK..<(row + 1) * a.headK
      let other = Dictionary(
        zip(b.headIDs[range], b.headLogits[range]), uniquingKeysWith: { first, _ in first })
      for entry in range {
        guard let logit = other[a.headIDs[entry]] else {
          changedTokens += 1
          continue
        }
        largest = max(largest, abs(Double(a.headLogits[entry]) - Double(logit)))
      }
    }
  }

  /// Differences of a vector v give differences of W v; what is added to both is the same.
  ///
  /// - Parameters:
  ///   - rows: Those that differ.
  ///   - columns: Of `weight`, of which the first are the vectors'.
  ///   - weight: `[vocab, columns]`.
  ///   - vectors: A row's two vectors, and the step of each number.
  private mutating func addVectors(
    _ rows: [Int], columns: Int, weight: [Float],
    vectors: (Int) -> (first: [Float], second: [Float], steps: [Float])
  ) {
    for (number, row) in rows.prefix(Self.mostVectors).enumerated() {
      let (first, second, steps) = vectors(row)
      let difference = zip(first, second).map { $0 - $1 }
      for token in 0..<weight.count / columns {
        var sum: Float = 0
        for (column, value) in difference.enumerated() where value != 0 {
          sum += weight[token * columns + column] * value
        }
        largest = max(largest, Double(abs(sum)))
        // Steps are alike in all rows.
        guard number == 0 else { continue }
        for (column, step) in steps.enumerated() {
          quantisation = max(quantisation, Double(abs(weight[token * columns + column] * step)))
        }
      }
    }
  }

  private static func row(_ rows: QuantizedRows, _ row: Int) -> [Float] {
    var values = [Float](repeating: 0, count: rows.columns)
    values.withUnsafeMutableBufferPointer { rows.copyRow(row, into: $0) }
    return values
  }
}
