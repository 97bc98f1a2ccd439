/// Targets of several teachers for the same rows: the teacher's distribution is their weighted mean.
///
/// The trainer makes the mean of whole rows, chunk by chunk; a member that keeps heads spreads its
/// tail evenly. Members that all keep heads need no whole rows: `HeadTargets.mean` joins them.
package struct EnsembleTargets: Sendable {
  /// The members: none of them `none`, `sampled` or `ensemble`.
  package let members: [SoftTargets]
  /// Their weights, above 0, of sum 1.
  package let weights: [Double]
  /// Entries of the vocabulary.
  package let vocabSize: Int

  /// An ensemble of its members.
  ///
  /// - Precondition: there is a weight for each member, and all have one count.
  package init(members: [SoftTargets], weights: [Double], vocabSize: Int) {
    precondition(
      !members.isEmpty && members.count == weights.count && weights.allSatisfy { $0 > 0 },
      "\(weights) for \(members.count) members")
    precondition(
      members.allSatisfy { $0.count == members[0].count }, "members of different lengths")
    self.members = members
    self.weights = weights
    self.vocabSize = vocabSize
  }

  /// Number of targets.
  package var count: Int { members[0].count }
}

extension HeadTargets {
  /// The weighted mean of heads over the union of their kept IDs.
  ///
  /// An ID that a member does not keep has an even share of that member's tail; the tail of the mean
  /// is what the IDs outside the union have of all members' tails.
  ///
  /// - Parameters:
  ///   - members: Heads of the same rows at one temperature.
  ///   - weights: Above 0, of sum 1.
  ///   - vocabSize: Entries of the vocabulary.
  /// - Returns: One head for each row, IDs in the order of the members.
  /// - Precondition: members and weights are as many, and members have one number of targets.
  package static func mean(
    _ members: [HeadTargets], weights: [Double], vocabSize: Int
  ) -> HeadTargets {
    precondition(!members.isEmpty && members.count == weights.count, "a weight for each member")
    let count = members[0].tailMasses.count
    precondition(members.allSatisfy { $0.tailMasses.count == count }, "members of one length")
    var result = HeadTargets()
    var slots = [Int32](repeating: -1, count: vocabSize)
    var ids: [Int32] = []
    var probabilities: [Double] = []
    for row in 0..<count {
      ids.removeAll(keepingCapacity: true)
      probabilities.removeAll(keepingCapacity: true)
      let shares = members.map { member in
        let others = vocabSize - (member.starts[row + 1] - member.starts[row])
        return others > 0 ? Double(member.tailMasses[row]) / Double(others) : 0
      }
      let everyShare = zip(shares, weights).reduce(0) { $0 + $1.0 * $1.1 }
      for (member, (share, weight)) in zip(members, zip(shares, weights)) {
        for entry in member.starts[row]..<member.starts[row + 1] {
          let id = member.ids[entry]
          if slots[Int(id)] < 0 {
            slots[Int(id)] = Int32(ids.count)
            ids.append(id)
            probabilities.append(everyShare)
          }
          probabilities[Int(slots[Int(id)])] +=
            weight * (Double(member.probabilities[entry]) - share)
        }
      }
      for id in ids { slots[Int(id)] = -1 }
      result.append(
        ids: ids, probabilities: probabilities.map { Float(max(0, $0)) },
        tailMass: Float(everyShare * Double(vocabSize - ids.count)))
    }
    return result
  }
}

extension SampledTargets {
  /// The weighted mean of estimates, which is an estimate of the mean.
  ///
  /// - Parameters:
  ///   - members: Samples of the same rows.
  ///   - weights: Above 0, of sum 1.
  ///   - vocabSize: Entries of the vocabulary.
  /// - Returns: One sample for each row over the union of the members' IDs.
  package static func mean(
    _ members: [SampledTargets], weights: [Double], vocabSize: Int
  ) -> SampledTargets {
    let heads = members.map { member in
      var heads = HeadTargets()
      for row in 0..<member.count {
        let range = member.starts[row]..<member.starts[row + 1]
        heads.append(
          ids: member.ids[range], probabilities: member.probabilities[range], tailMass: 0)
      }
      return heads
    }
    let mean = HeadTargets.mean(heads, weights: weights, vocabSize: vocabSize)
    var result = SampledTargets()
    for row in mean.tailMasses.indices {
      let range = mean.starts[row]..<mean.starts[row + 1]
      result.append(ids: mean.ids[range], probabilities: mean.probabilities[range])
    }
    return result
  }
}
