package import Kernels

/// What the blocks of a cache share about one class of positions: codes, and the low-rank basis.
package struct TargetTables: Sendable, Equatable {
  /// Codes of the head's ranks, one a place.
  package var headIDs: [PrefixCode]
  /// Codes of the head's increments, for every place but the first, which is 0.
  package var headSteps: [PrefixCode]
  /// The tail's scalars: five, or for `lowrank` two or three; nil for another tail.
  package var scalars: TailCode?
  /// For `lowrank`, nil otherwise.
  package var basis: LowRankBasis?
  /// Codes of the coefficients.
  package var coefficients: [PrefixCode]
  /// For `sampled`, nil otherwise.
  package var sampled: SampledCode?

  /// Tables of those parts.
  package init(
    headIDs: [PrefixCode] = [], headSteps: [PrefixCode] = [], scalars: TailCode? = nil,
    basis: LowRankBasis? = nil, coefficients: [PrefixCode] = [], sampled: SampledCode? = nil
  ) {
    self.headIDs = headIDs
    self.headSteps = headSteps
    self.scalars = scalars
    self.basis = basis
    self.coefficients = coefficients
    self.sampled = sampled
  }

  /// The tables of a smaller target of the same tail: codes of the first places and coefficients.
  ///
  /// - Precondition: head and rank are at most those of the tables.
  func cut(to target: TargetSpecification) -> TargetTables {
    var cut = self
    cut.headIDs = Array(headIDs.prefix(target.headK))
    cut.headSteps = Array(headSteps.prefix(max(target.headK - 1, 0)))
    if let rank = target.rank {
      cut.coefficients = Array(coefficients.prefix(rank))
      cut.basis = basis?.prefix(rank)
    }
    return cut
  }

  /// Scalars that a tail keeps of each row.
  static func scalarCount(_ target: TargetSpecification) -> Int {
    switch target.tail {
    case .scalars: 5
    case .lowrank: target.tailPartitions ?? 2
    case .hidden, .sampled: 0
    }
  }
}
