import Foundation
import Kernels

extension ChunkTargets {
  /// The weighted mean of an ensemble's members, as logits at T.
  ///
  /// - Parameters:
  ///   - targets: The ensemble.
  ///   - range: The chunk's targets.
  ///   - temperature: T.
  ///   - scratch: Gives the rows, and its `member` those of one member at a time.
  /// - Returns: Rows whose softmax at T is the mean, `[range.count, vocab]`.
  static func mean(
    of targets: EnsembleTargets, _ range: Range<Int>, temperature: Double, scratch: TeacherScratch
  ) -> Matrix {
    let mixture = scratch.take(rows: range.count, vocabSize: targets.vocabSize)
    for (index, (member, weight)) in zip(targets.members, targets.weights).enumerated() {
      let chunk = ChunkTargets(
        member, range, temperature: temperature, scratch: scratch.member,
        rowSize: targets.vocabSize)
      Parallel.forEach(range.count) { part in
        for offset in part {
          MixtureKernels.add(
            to: mixture.row(offset), logits: chunk.row(of: range.lowerBound + offset),
            temperature: temperature, weight: weight, isFirst: index == 0)
        }
      }
    }
    return mixture
  }

  /// A target as a whole row of logits whose softmax at T it is; asked for once a target.
  func row(of target: Int) -> UnsafeBufferPointer<Float> {
    let part = parts[mixed.map { Int($0.partOf[target]) } ?? 0]
    let index = mixed.map { Int($0.indexOf[target]) } ?? target
    guard let row = part.teacher?.row(index - part.first) else {
      preconditionFailure("a kind that has no rows")
    }
    switch part.targets {
    case .none, .sampled, .mixed, .decoderInputs, .logits, .ensemble: break
    case .heads(let targets): write(targets, index, into: row)
    case .shaped(let targets):
      let partitions = targets.partitions(index)
      targets.withHead(index) { ids, headLogits in
        _ = ShapedTargetKernels.shape(
          row, ids: ids, headLogits: headLogits, logPartition: partitions.one,
          halfLogPartition: partitions.half,
          threeQuarterLogPartition: partitions.threeQuarters, temperature: temperature)
      }
    }
    return UnsafeBufferPointer(row)
  }

  /// T log p of a head whose tail is spread evenly.
  private func write(
    _ targets: HeadTargets, _ index: Int, into row: UnsafeMutableBufferPointer<Float>
  ) {
    // What float cannot hold counts as its smallest normal number.
    func logit(_ p: Double) -> Float { Float(temperature * log(max(p, 0x1p-126))) }
    targets.withTarget(index) { ids, probabilities, tailMass in
      row.update(repeating: logit(Double(tailMass) / Double(max(1, row.count - ids.count))))
      for (id, p) in zip(ids, probabilities) { row[Int(id)] = logit(Double(p)) }
    }
  }
}
