/// What the streams of a block must agree on beyond their checksums and sizes.
struct BlockInvariants {
  /// The block, read with its head, tail and states.
  let block: SoftTargetBlock
  /// The block's audit rows.
  let audit: [(row: Int, logits: [Float])]
  /// Quantisation step of the head.
  let step: Double

  /// The stream that contradicts another, and how; nil where all agree.
  func contradiction() -> (stream: String, reason: String)? {
    if let row = rowWithTwice() {
      return (StreamName.headIDs, "row \(row) has a token twice")
    }
    for (row, logits) in audit {
      guard (0..<block.rowCount).contains(row) else {
        return (StreamName.auditRows, "row \(row) of \(block.rowCount)")
      }
      guard let largest = logits.max(), logits.allSatisfy(\.isFinite) else {
        return (StreamName.auditLogits, "row \(row) has a logit that is not finite")
      }
      for place in 0..<block.headK {
        let entry = row * block.headK + place
        let expected = logits[Int(block.headIDs[entry])] - largest
        // Half a step, and the rounding of single precision.
        guard abs(expected - block.headLogits[entry]) <= Float(step) * 0.501 + 1e-4 else {
          return (
            StreamName.headSteps,
            "place \(place) of row \(row) is \(block.headLogits[entry]), its full logits say "
              + "\(expected)"
          )
        }
      }
    }
    return nil
  }

  private func rowWithTwice() -> Int? {
    let k = block.headK
    guard k > 1 else { return nil }
    var lastRow = [Int32: Int](minimumCapacity: 4096)
    for row in 0..<block.rowCount {
      for id in block.headIDs[row * k..<(row + 1) * k]
      where lastRow.updateValue(row, forKey: id) == row {
        return row
      }
    }
    return nil
  }
}
