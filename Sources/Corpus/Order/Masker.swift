/// Corrupts sequences for masked language modelling, as a function of the sequence alone.
///
/// corruption = f(seed, hash of the sequence's IDs, replica): batch order, thread count and machine
/// play no part. Two sequences of equal IDs therefore get equal masks.
///
/// A value that owns its tables; may be used from any thread.
package struct Masker: Sendable {
  /// What the masks are made from.
  package let specification: MaskSpecification
  /// Special IDs in ascending order, each once.
  private let specialIDs: [Int32]
  private let isSpecial: [Bool]
  /// frequencyExponent · log(count) of each ID; empty where the choice is uniform.
  private let logWeights: [Double]

  /// Separate streams of random words for separate decisions.
  private enum Purpose {
    static let choice: UInt64 = 0x63_686F_6963_65
    static let rotation: UInt64 = 0x726F_7461_7465
    static let kind: UInt64 = 0x6B69_6E64
    static let replacement: UInt64 = 0x72_616E_646F_6D
    static let sequence: UInt64 = 0x73_6571_7565_6E63
    static let checksum: UInt64 = 0x63_6865_636B_7375
    static let others: UInt64 = 0x6F_7468_6572_73
  }

  /// Prepares the masks of a specification.
  ///
  /// - Parameters:
  ///   - specification: What the masks are made from.
  ///   - tokenCounts: Occurrences of each vocabulary ID in the corpus, shape `[vocabSize]`; needed
  ///     where `frequencyExponent` is not 0, ignored elsewhere. A count of 0 is taken as 1.
  /// - Throws: `CorpusError.invalidOption` for a value out of its range, or missing counts.
  package init(_ specification: MaskSpecification, tokenCounts: [UInt64]? = nil) throws {
    try specification.validate()
    self.specification = specification
    specialIDs = Set(specification.specialTokenIDs).sorted()
    var flags = [Bool](repeating: false, count: specification.vocabSize)
    for id in specialIDs {
      flags[Int(id)] = true
    }
    isSpecial = flags
    guard specification.frequencyExponent > 0 else {
      logWeights = []
      return
    }
    guard let tokenCounts, tokenCounts.count == specification.vocabSize else {
      throw CorpusError.invalidOption(
        name: "token counts", value: "\(tokenCounts?.count ?? 0) numbers",
        allowed: "one count for each of the \(specification.vocabSize) IDs, "
          + "since masks are weighted by frequency")
    }
    logWeights = tokenCounts.map {
      specification.frequencyExponent * PortableLogarithm.log(Double(max($0, 1)))
    }
  }

  /// Corrupts one sequence.
  ///
  /// Of n non-special tokens, max(1, round(probability · n)) are chosen by the smallest keys of an
  /// exponential race (so without replacement, with the weights of the specification). Under
  /// `complementary`, a replica takes one of `sliceCount` slices of the whole order instead, sizes
  /// n / sliceCount rounded down or up; which slice, depends on replica and sequence.
  ///
  /// - Parameters:
  ///   - ids: The sequence's IDs, `[CLS] … [SEP]`, each in `0 ..< vocabSize`.
  ///   - replica: Which corruption, 0 or more.
  /// - Returns: the corrupted IDs, as many as `ids`, and the chosen positions counted from 0,
  ///   ascending; the labels are the original IDs there. A sequence of special tokens has none.
  /// - Precondition: every ID is in the vocabulary, the replica is not negative.
  /// - Complexity: O(n log n).
  package func corrupt(
    _ ids: ArraySlice<Int32>, replica: Int
  ) -> (corrupted: [Int32], positions: [Int32]) {
    precondition(replica >= 0, "mask replicas are counted from 0")
    let sequenceKey = CounterRandom.combine(
      specification.seed, CounterRandom.hash(ids, domain: Purpose.sequence))
    var corrupted = Array(ids)
    let positions = choose(corrupted, sequenceKey: sequenceKey, replica: replica)
    let replicaKey = CounterRandom.combine(sequenceKey, UInt64(replica))
    for position in positions {
      let key = CounterRandom.combine(replicaKey, UInt64(position))
      let kind = CounterRandom.unit(CounterRandom.combine(key, Purpose.kind))
      if kind < specification.maskShare {
        corrupted[Int(position)] = specification.maskTokenID
      } else if kind < specification.maskShare + specification.randomShare {
        corrupted[Int(position)] = randomID(CounterRandom.combine(key, Purpose.replacement))
      }
    }
    return (corrupted, positions)
  }

  /// A number in 0 ..< 1 for each position of a sequence, by which a share of the positions that
  /// were not chosen is taken.
  ///
  /// - Parameters:
  ///   - ids: The sequence's IDs.
  ///   - replica: Which corruption.
  /// - Returns: As many numbers as IDs.
  package func otherShares(of ids: ArraySlice<Int32>, replica: Int) -> [Double] {
    let sequenceKey = CounterRandom.combine(
      specification.seed, CounterRandom.hash(ids, domain: Purpose.sequence))
    let replicaKey = CounterRandom.combine(sequenceKey, UInt64(replica))
    return (0..<ids.count).map { position in
      let key = CounterRandom.combine(replicaKey, UInt64(position))
      return CounterRandom.unit(CounterRandom.combine(key, Purpose.others))
    }
  }

  /// A stable 64-bit hash of corrupted IDs, kept beside cached targets so that a changed generator
  /// is noticed before anything is trained on the wrong positions.
  package static func checksum(of ids: some Collection<Int32>) -> UInt64 {
    CounterRandom.hash(ids, domain: Purpose.checksum)
  }

  /// The chosen positions of a sequence, ascending.
  private func choose(_ ids: [Int32], sequenceKey: UInt64, replica: Int) -> [Int32] {
    let slices = specification.complementary ? specification.sliceCount : 1
    // Complementary replicas share one order; after a full turn the next order begins.
    let turn = specification.complementary ? replica / slices : replica
    let orderKey = CounterRandom.combine(
      CounterRandom.combine(sequenceKey, Purpose.choice), UInt64(turn))
    var entrants: [(key: Double, position: Int32)] = []
    entrants.reserveCapacity(ids.count)
    for (position, id) in ids.enumerated() {
      precondition(
        id >= 0 && Int(id) < specification.vocabSize, "a token ID is outside the vocabulary")
      guard !isSpecial[Int(id)] else { continue }
      let word = CounterRandom.combine(orderKey, UInt64(position))
      entrants.append((raceKey(word, id: id), Int32(position)))
    }
    guard !entrants.isEmpty else { return [] }
    entrants.sort { ($0.key, $0.position) < ($1.key, $1.position) }
    let chosen: Range<Int>
    if specification.complementary {
      // Turned by a hash, so that no replica always gets the frequent or the missing tokens.
      let rotation = CounterRandom.below(
        slices, CounterRandom.combine(orderKey, Purpose.rotation))
      let slice = (replica % slices + rotation) % slices
      chosen = slice * entrants.count / slices..<(slice + 1) * entrants.count / slices
    } else {
      let expected = specification.probability * Double(entrants.count)
      chosen = 0..<min(entrants.count, max(1, Int(expected.rounded())))
    }
    return entrants[chosen].map(\.position).sorted()
  }

  /// The logarithm of an exponential arrival time of rate count^-exponent, where weights differ.
  ///
  /// log(-log u) + exponent · log(count) orders as -log(u) / count^-exponent does. Where all weights
  /// are equal the uniform number itself orders as well.
  private func raceKey(_ word: UInt64, id: Int32) -> Double {
    let u = CounterRandom.openUnit(word)
    guard !logWeights.isEmpty else { return u }
    return PortableLogarithm.log(-PortableLogarithm.log(u)) + logWeights[Int(id)]
  }

  /// A uniform draw among the IDs that are not special.
  private func randomID(_ word: UInt64) -> Int32 {
    var id = Int32(CounterRandom.below(specification.vocabSize - specialIDs.count, word))
    for special in specialIDs {
      guard special <= id else { break }
      id += 1
    }
    return id
  }
}
