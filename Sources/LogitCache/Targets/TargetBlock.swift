/// The sequences of a block and the positions whose soft targets are to be kept.
package struct TargetBlock: Sendable {
  /// Tokens of each sequence, 1 to 65,535.
  package var lengths: [Int32]
  /// The original tokens, sequence by sequence.
  package var tokenIDs: [Int32]
  /// Rows of each sequence.
  package var rowCounts: [Int32]
  /// The position in its sequence of each row, ascending within a sequence.
  package var positions: [Int32]
  /// Checksum of each sequence's corrupted tokens.
  package var inputChecks: [UInt64]
  /// Class of each row: 0 for a position that the mask chose, 1 for another; empty where all rows
  /// keep the same target.
  package var classes: [UInt8] = []
  /// Rows that keep their full logits, ascending.
  package var auditRows: [Int]

  /// A block of those values; the encoder checks them.
  package init(
    lengths: [Int32], tokenIDs: [Int32], rowCounts: [Int32], positions: [Int32],
    inputChecks: [UInt64], auditRows: [Int] = []
  ) {
    self.lengths = lengths
    self.tokenIDs = tokenIDs
    self.rowCounts = rowCounts
    self.positions = positions
    self.inputChecks = inputChecks
    self.auditRows = auditRows
  }

  /// Checks that the parts agree.
  ///
  /// - Throws: `LogitCacheError.badTarget`.
  func validate(vocabSize: Int, classes count: Int) throws {
    func require(_ condition: Bool, _ reason: @autoclosure () -> String) throws {
      if !condition { throw LogitCacheError.badTarget(what: "block", reason: reason()) }
    }
    let n = lengths.count
    try require(n > 0 && rowCounts.count == n && inputChecks.count == n, "parts of unequal length")
    try require(lengths.allSatisfy { (1...65_535).contains($0) }, "a sequence is too long or empty")
    try require(
      tokenIDs.count == lengths.reduce(0) { $0 + Int($1) }, "tokens and lengths do not agree")
    try require(
      tokenIDs.allSatisfy { $0 >= 0 && $0 < vocabSize }, "a token is outside the vocabulary")
    try require(
      zip(rowCounts, lengths).allSatisfy { $0 >= 0 && $0 <= $1 }, "more rows than positions")
    try require(
      positions.count == rowCounts.reduce(0) { $0 + Int($1) }, "rows and positions do not agree")
    try require(
      classes.count == (count > 1 ? positions.count : 0) && classes.allSatisfy { $0 < count },
      "classes and rows do not agree")
    var row = 0
    for (count, length) in zip(rowCounts, lengths) {
      var previous: Int32 = -1
      for position in positions[row..<row + Int(count)] {
        try require(
          position > previous && position < length, "position \(position) is out of order or range")
        previous = position
      }
      row += Int(count)
    }
    var previous = -1
    for audited in auditRows {
      try require(audited > previous && audited < positions.count, "audit row \(audited)")
      previous = audited
    }
  }

  /// Differences of the positions, as the stream `positions` keeps them.
  func positionGaps() -> [UInt16] {
    var gaps: [UInt16] = []
    gaps.reserveCapacity(positions.count)
    var row = 0
    for count in rowCounts {
      var next: Int32 = 0
      for position in positions[row..<row + Int(count)] {
        gaps.append(UInt16(position - next))
        next = position + 1
      }
      row += Int(count)
    }
    return gaps
  }
}
