package import LogitCache

/// One way to read a cache: how much of the head and of the rank, and what becomes of the tail.
package struct FidelityVariant: Hashable, Sendable {
  /// Entries of the head; nil for all that are stored.
  package var headK: Int?
  /// Coefficients; nil for all that are stored, or where there are none.
  package var rank: Int?
  /// Treatment of the tail; nil for the best that the cache serves.
  package var tail: TailTreatment?

  /// A variant of those values.
  package init(headK: Int? = nil, rank: Int? = nil, tail: TailTreatment? = nil) {
    self.headK = headK
    self.rank = rank
    self.tail = tail
  }

  /// Whether the coefficients of a tail `lowrank` are read.
  package var readsShape: Bool { tail == nil || tail == .shaped }

  /// The whole cache, smaller heads and ranks by halves, and the other treatments of the tail.
  package static func all(of target: TargetSpecification) -> [FidelityVariant] {
    func halves(_ most: Int, least: Int) -> [Int] {
      Array(sequence(first: most) { $0 / 2 }.prefix { $0 >= least }.dropFirst())
    }
    switch target.tail {
    case .hidden, .sampled: return [FidelityVariant()]
    case .scalars:
      return [FidelityVariant()] + halves(target.headK, least: 4).map { FidelityVariant(headK: $0) }
        + [FidelityVariant(tail: .uniform), FidelityVariant(tail: .renormalise)]
    case .lowrank:
      return [FidelityVariant()]
        + halves(target.rank ?? 0, least: 8).map { FidelityVariant(rank: $0) }
        + halves(target.headK, least: 4).map { FidelityVariant(headK: $0) }
        + [FidelityVariant(tail: .bucket), FidelityVariant(tail: .renormalise)]
    }
  }

  /// What the variant keeps of a target, in words.
  package func name(_ target: TargetSpecification) -> String {
    var parts: [String] = []
    let k = min(headK ?? target.headK, target.headK)
    if k > 0 { parts.append("head \(k)") }
    let usual: TailTreatment?
    switch target.tail {
    case .scalars: usual = .bucket
    case .lowrank:
      if readsShape { parts.append("rank \(rank ?? target.rank ?? 0)") }
      usual = nil
    case .hidden:
      parts.append("hidden int8")
      usual = nil
    case .sampled:
      parts.append("sampled, tau \(target.threshold ?? 0)")
      usual = nil
    }
    if let treatment = tail ?? usual { parts.append(treatment.rawValue) }
    return parts.joined(separator: ", ")
  }
}
