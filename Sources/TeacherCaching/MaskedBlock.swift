import Corpus
import LogitCache

/// The masked sequences of a block, and the rows that keep a target.
struct MaskedBlock {
  /// What a teacher reads, sequence by sequence.
  private(set) var corrupted: [[Int32]] = []
  /// The original sequences and the rows, as the encoder takes them.
  var target: TargetBlock
  /// First row of each sequence, and the number of rows at the end.
  private(set) var rowStarts: [Int] = [0]

  /// Corrupts sequences and selects the positions that keep a target.
  init(_ sequences: [ArraySlice<Int32>], rule: MaskingRule, replica: Int) {
    target = TargetBlock(
      lengths: sequences.map { Int32($0.count) }, tokenIDs: sequences.flatMap { $0 },
      rowCounts: [], positions: [], inputChecks: [])
    for sequence in sequences {
      let (tokens, chosen) = rule.masker.corrupt(sequence, replica: replica)
      let positions = rule.positions(of: sequence, chosen: chosen, replica: replica)
      if rule.hasClasses {
        let isChosen = Set(chosen)
        target.classes += positions.map { isChosen.contains($0) ? 0 : 1 }
      }
      target.rowCounts.append(Int32(positions.count))
      target.positions += positions
      target.inputChecks.append(Masker.checksum(of: tokens))
      rowStarts.append(target.positions.count)
      corrupted.append(tokens)
    }
  }
}

/// How sequences are corrupted, and which of their positions keep a target.
struct MaskingRule {
  let masker: Masker
  let selection: PositionSelection
  /// For the positions `masked+share`, the share of the others.
  let otherShare: Double?
  /// Whether the positions that the mask did not choose keep another target.
  let hasClasses: Bool

  /// The positions of a sequence that keep a target, ascending.
  func positions(
    of sequence: ArraySlice<Int32>, chosen: [Int32], replica: Int
  ) -> [Int32] {
    let all = 0..<Int32(sequence.count)
    switch selection {
    case .masked: return chosen
    case .all: return Array(all)
    case .maskedAndShare:
      let isChosen = Set(chosen)
      let share = otherShare ?? 1
      let numbers = masker.otherShares(of: sequence, replica: replica)
      return all.filter { isChosen.contains($0) || numbers[Int($0)] < share }
    }
  }
}
