extension CacheSubset {
  /// What is kept.
  package struct Selection: Sendable {
    /// Replicas in ascending order; nil for all.
    package var replicas: [Int]?
    /// Corpus shards in ascending order; nil for all.
    package var shards: [Int]?
    /// Entries of the head; nil for all.
    package var headK: Int?
    /// Coefficients of the tail `lowrank`; nil for all.
    package var rank: Int?
    /// Whether the hidden states are kept.
    package var keepsStates: Bool
    /// Whether the audit rows are kept.
    package var keepsAuditRows: Bool

    /// A selection of those values.
    package init(
      replicas: [Int]? = nil, shards: [Int]? = nil, headK: Int? = nil, rank: Int? = nil,
      keepsStates: Bool = true, keepsAuditRows: Bool = true
    ) {
      self.replicas = replicas
      self.shards = shards
      self.headK = headK
      self.rank = rank
      self.keepsStates = keepsStates
      self.keepsAuditRows = keepsAuditRows
    }
  }
}

extension CacheSubset.Selection {
  /// Something that the cache does not have.
  struct Unfit: Error {
    let reason: String
  }

  /// Replicas or shards, or all of them.
  ///
  /// - Throws: `Unfit`.
  func numbers(_ wanted: [Int]?, _ what: String, of count: Int) throws -> [Int] {
    guard let wanted else { return Array(0..<count) }
    guard !wanted.isEmpty, wanted == Array(Set(wanted)).sorted(),
      wanted.allSatisfy((0..<count).contains)
    else {
      let strange = wanted.filter { !(0..<count).contains($0) }
      let named = strange.isEmpty ? wanted : strange
      throw Unfit(
        reason: "\(what) \(named.prefix(8).map(String.init).joined(separator: ","))"
          + (named.count > 8 ? " …" : "") + ": the cache has \(count), from 0 to \(count - 1); "
          + "name each once, in order")
    }
    return wanted
  }

  /// Checks what is kept of each target.
  ///
  /// - Throws: `Unfit`.
  func check(_ old: CacheSpecification) throws {
    if let shards, shards.count < old.blocksPerShard.count, old.weightingCorpus != nil {
      throw Unfit(
        reason: "its masks are weighted by how often tokens occur in the whole corpus, so a part "
          + "of its shards cannot be masked again; take all shards")
    }
    let largestHead = old.targets.map(\.headK).max() ?? 0
    if let headK, headK < 0 || headK > largestHead {
      throw Unfit(reason: "a head of \(headK): the cache has one of \(largestHead)")
    }
    guard let rank else { return }
    guard let largestRank = old.targets.compactMap(\.rank).max() else {
      throw Unfit(reason: "a rank of \(rank): the cache has no tail 'lowrank'")
    }
    if rank < 1 || rank > largestRank {
      throw Unfit(reason: "a rank of \(rank): the cache has one of \(largestRank)")
    }
  }

  /// What is left of a target. Coefficients that go are estimated by the reader, as those were that
  /// the cache never had.
  func cut(
    _ target: TargetSpecification, inputSize: Int
  ) -> TargetSpecification {
    var cut = target
    if let headK { cut.headK = min(headK, target.headK) }
    if let rank, let stored = target.rank, rank < stored {
      cut.rank = rank
      cut.estimatedRank = target.basisRank(inputSize: inputSize) - rank
    }
    return cut
  }
}
