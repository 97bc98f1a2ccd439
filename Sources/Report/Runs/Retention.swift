import Foundation

/// How much of its teacher a student keeps.
package struct Retention: Sendable, Equatable {
  /// The student's accuracy over the teacher's.
  package var accuracy: Double?
  /// Share of the way from a guess without context to the teacher that the student goes, in nats:
  /// (H - student's loss) / (H - teacher's loss).
  package var loss: Double?

  /// The shares, nil where a number for them is missing or the teacher is no better than a guess.
  ///
  /// - Parameters:
  ///   - student: The student's figures.
  ///   - teacher: The teacher's, on the same text.
  ///   - unigramEntropy: H, the entropy of the held-out text's single tokens, nats: the least loss of
  ///     a model that sees no context.
  package init(student: ModelFigures, teacher: ModelFigures, unigramEntropy: Double?) {
    guard student.positions == teacher.positions else { return }
    if let own = student.accuracy, let other = teacher.accuracy, other > 0 {
      accuracy = own / other
    }
    if let own = student.loss, let other = teacher.loss, let unigramEntropy, unigramEntropy > other
    {
      loss = (unigramEntropy - own) / (unigramEntropy - other)
    }
  }

  /// The entropy of a distribution given by counts, nats; nil where all are 0.
  package static func entropy(_ counts: [UInt64]) -> Double? {
    let total = Double(counts.reduce(0, +))
    guard total > 0 else { return nil }
    return counts.reduce(0) {
      let share = Double($1) / total
      return share > 0 ? $0 - share * log(share) : $0
    }
  }
}
