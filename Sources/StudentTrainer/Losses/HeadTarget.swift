/// What a position keeps of the teacher at temperature T: its likeliest IDs and the mass of the rest.
package struct HeadTarget<Real: RealArithmetic> {
  /// Kept IDs, distinct.
  package var ids: [Int32]
  /// Teacher probabilities at T, as long as `ids`.
  package var probabilities: [Real]
  /// Teacher mass outside `ids` at T.
  package var tailMass: Real

  /// A target from its parts.
  package init(ids: [Int32], probabilities: [Real], tailMass: Real) {
    precondition(ids.count == probabilities.count, "one probability for each kept ID")
    self.ids = ids
    self.probabilities = probabilities
    self.tailMass = tailMass
  }

  /// The target that keeps `ids` of a whole teacher row, at `temperature`.
  package init(teacherLogits: [Real], ids: [Int32], temperature: Real) {
    let logP = logSoftmax(teacherLogits, temperature: temperature)
    let kept = Set(ids)
    let tail = logP.indices.lazy.filter { !kept.contains(Int32($0)) }.map { logP[$0] }
    self.init(
      ids: ids, probabilities: ids.map { Real.exp(logP[Int($0)]) },
      tailMass: Real.exp(logSumExp(tail)))
  }
}

/// The student's side of a head target: log q, and the mass of the complement.
struct StudentSplit<Real: RealArithmetic> {
  let logQ: [Real]
  let isKept: [Bool]
  /// log of the student's mass outside the kept IDs, summed over the complement itself.
  let logTailMass: Real

  init(_ logits: [Real], ids: [Int32], temperature: Real) {
    logQ = logSoftmax(logits, temperature: temperature)
    var isKept = [Bool](repeating: false, count: logits.count)
    for id in ids { isKept[Int(id)] = true }
    let (logQ, kept) = (self.logQ, isKept)
    logTailMass = logSumExp(logQ.indices.lazy.filter { !kept[$0] }.map { logQ[$0] })
    self.isKept = isKept
  }
}

/// Σ p log(p / q) over kept IDs, with 0 log 0 = 0.
func headDivergence<Real: RealArithmetic>(
  _ probabilities: [Real], ids: [Int32], logQ: [Real]
) -> Real {
  var sum: Real = 0
  for (id, p) in zip(ids, probabilities) where p > 0 {
    sum += p * (Real.log(p) - logQ[Int(id)])
  }
  return sum
}
