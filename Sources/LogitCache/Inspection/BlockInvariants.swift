/// What the streams of a block must agree on beyond their checksums and sizes.
struct BlockInvariants {
  /// The block, read with its heads.
  let block: SoftTargetBlock
  /// The block's audit rows.
  let audit: [(row: Int, logits: [Float])]
  /// What each class of positions keeps.
  let targets: [TargetSpecification]

  /// The stream that contradicts another, and how; nil where all agree.
  func contradiction() -> (stream: String, reason: String)? {
    for (row, logits) in audit {
      guard (0..<block.rowCount).contains(row) else {
        return (StreamName.auditRows, "row \(row) of \(block.rowCount)")
      }
      guard let largest = logits.max(), logits.allSatisfy(\.isFinite) else {
        return (StreamName.auditLogits, "row \(row) has a logit that is not finite")
      }
      if let found = contradiction(row: row, logits: logits, largest: largest) { return found }
    }
    return nil
  }

  /// The head of an audited row against its full logits.
  private func contradiction(
    row: Int, logits: [Float], largest: Float
  ) -> (stream: String, reason: String)? {
    let place = block.place(row)
    let part = block.parts[place.part]
    let step = Float(targets[place.part].step)
    for entry in place.row * part.headK..<(place.row + 1) * part.headK {
      let expected = logits[Int(part.headIDs[entry])] - largest
      // Half a step, and the rounding of single precision.
      guard abs(expected - part.headLogits[entry]) <= step * 0.501 + 1e-4 else {
        return (
          StreamName.prefix(ofClass: place.part) + StreamName.headSteps,
          "place \(entry - place.row * part.headK) of row \(row) is \(part.headLogits[entry]), its "
            + "full logits say \(expected)"
        )
      }
    }
    return nil
  }
}
