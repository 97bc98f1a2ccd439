import Corpus
import Foundation
import Testing

@Suite struct MaskerTests {
  static let special: [Int32] = [0, 100, 101, 102, 103]

  /// 1,000 IDs, five of them special, as the original BERT vocabulary begins.
  static func specification(
    probability: Double = 0.15, seed: UInt64 = 42, complementary: Bool = false, exponent: Double = 0
  ) -> MaskSpecification {
    MaskSpecification(
      probability: probability, seed: seed, replicas: 7, complementary: complementary,
      frequencyExponent: exponent, maskTokenID: 103, vocabSize: 1_000, specialTokenIDs: special)
  }

  /// `[CLS]`, `count` tokens that depend on the number, `[SEP]`.
  static func sequence(_ number: Int, count: Int = 118) -> [Int32] {
    var ids: [Int32] = [101]
    for index in 0..<count {
      let word = CounterRandom.combine(UInt64(number), UInt64(index))
      ids.append(104 + Int32(CounterRandom.below(896, word)))
    }
    return ids + [102]
  }

  @Test func theGeneratorIsSplitMix64() {
    // The first two outputs of SplitMix64 from state 0, as Java's SplittableRandom(0) gives them.
    #expect(CounterRandom.mix(0) == 0xE220_A839_7B1D_CDAF)
    #expect(CounterRandom.mix(0x9E37_79B9_7F4A_7C15) == 0x6E78_9E6A_A1B9_65F4)
  }

  @Test func theLogarithmAgreesWithTheLibrary() {
    var values = (0..<2_000).map { CounterRandom.openUnit(CounterRandom.mix($0)) }
    values += (1..<2_000).map { Double($0) } + [0x1p-53, 1e-300, 1e300, 1, 1 - 0x1p-52]
    for value in values {
      let expected = log(value)
      // Four units in the last place, and 1e-15 absolute about 1, where the logarithm is zero.
      #expect(
        abs(PortableLogarithm.log(value) - expected) <= max(4 * expected.ulp, 1e-15), "\(value)")
    }
  }

  /// Expected values: a second implementation, in Python, of the definitions in the doc comments.
  @Test func masksAreTheOnesOfTheDefinition() throws {
    let ids = [101] + (0..<38).map { Int32(200 + 7 * $0) } + [102]
    let counts = (0..<1_000).map { UInt64(1 + ($0 * $0) % 977) }
    func check(
      _ specification: MaskSpecification, _ replica: Int, _ positions: [Int32], _ checksum: UInt64
    ) throws {
      let masker = try Masker(specification, tokenCounts: counts)
      let result = masker.corrupt(ids[...], replica: replica)
      #expect(result.positions == positions)
      #expect(Masker.checksum(of: result.corrupted) == checksum)
    }
    let uniform = Self.specification()
    try check(uniform, 0, [4, 6, 25, 35, 37, 38], 0xB190_C52D_A2DB_6A08)
    try check(uniform, 8, [2, 4, 9, 10, 17, 38], 0xF37B_6845_F6F9_EFD8)
    let weighted = Self.specification(exponent: 0.7)
    try check(weighted, 0, [5, 8, 12, 24, 31, 33], 0x7465_176D_BADE_F095)
    try check(weighted, 8, [6, 8, 20, 27, 33, 34], 0x58A9_4EE0_2149_DEA9)
    let complementary = Self.specification(complementary: true)
    try check(complementary, 0, [13, 22, 32, 33, 36], 0x1621_0821_1B0F_0105)
    try check(complementary, 8, [15, 22, 30, 32, 33], 0x7844_3945_0EF0_9FC6)
  }

  @Test func masksDoNotDependOnTheOrderOfCalls() throws {
    let masker = try Masker(Self.specification())
    let sequences = (0..<100).map { Self.sequence($0) }
    let forward = sequences.map { masker.corrupt($0[...], replica: 2) }
    let again = try Masker(Self.specification())
    for index in sequences.indices.reversed() {
      _ = again.corrupt(sequences[index][...], replica: 5)
      // A slice out of a longer array, as blocks give them.
      let joined = [7, 8, 9] + sequences[index] + [1, 2]
      let result = again.corrupt(joined[3..<joined.count - 2], replica: 2)
      #expect(result == forward[index])
    }
  }

  /// So that a cache with more replicas can keep those that it has.
  @Test(arguments: [false, true]) func masksDoNotDependOnTheNumberOfReplicas(
    complementary: Bool
  ) throws {
    var specification = Self.specification(complementary: complementary)
    specification.replicas = 1
    let few = try Masker(specification)
    specification.replicas = 23
    let many = try Masker(specification)
    for replica in 0..<23 {
      let (mine, theirs) = (
        few.corrupt(Self.sequence(5)[...], replica: replica),
        many.corrupt(Self.sequence(5)[...], replica: replica)
      )
      #expect(mine.corrupted == theirs.corrupted && mine.positions == theirs.positions)
    }
  }

  @Test func otherSeedsSequencesAndReplicasGiveOtherMasks() throws {
    let ids = Self.sequence(1)
    let masker = try Masker(Self.specification())
    let first = masker.corrupt(ids[...], replica: 0).positions
    #expect(masker.corrupt(ids[...], replica: 1).positions != first)
    #expect(
      try Masker(Self.specification(seed: 43)).corrupt(ids[...], replica: 0).positions != first)
    var other = ids
    other[60] = other[60] == 500 ? 501 : 500
    #expect(masker.corrupt(other[...], replica: 0).positions != first)
  }

  @Test func sharesAreThoseOfTheSpecification() throws {
    let masker = try Masker(Self.specification(seed: 7))
    var chosen = 0
    var kinds = (mask: 0, random: 0, same: 0)
    for number in 0..<2_000 {
      let ids = Self.sequence(number)
      let (corrupted, positions) = masker.corrupt(ids[...], replica: number % 7)
      // round(0.15 · 118) of 118 tokens, exactly.
      #expect(positions.count == 18)
      #expect(positions == Array(Set(positions)).sorted())
      chosen += positions.count
      for (index, id) in ids.enumerated() where !positions.contains(Int32(index)) {
        #expect(corrupted[index] == id)
      }
      for position in positions {
        let index = Int(position)
        #expect(!Self.special.contains(ids[index]))
        if corrupted[index] == 103 {
          kinds.mask += 1
        } else {
          #expect(!Self.special.contains(corrupted[index]))
          kinds.random += corrupted[index] == ids[index] ? 0 : 1
          kinds.same += corrupted[index] == ids[index] ? 1 : 0
        }
      }
    }
    // Five standard deviations of a share out of 36,000 draws: 5 sqrt(0.8 · 0.2 / 36000) = 0.0105 and
    // 5 sqrt(0.1 · 0.9 / 36000) = 0.0079, with 0.0001 for random IDs that happen to be the same.
    #expect(abs(Double(kinds.mask) / Double(chosen) - 0.8) < 0.0105)
    #expect(abs(Double(kinds.random) / Double(chosen) - 0.1) < 0.008)
    #expect(abs(Double(kinds.same) / Double(chosen) - 0.1) < 0.008)
  }

  @Test func everyPositionIsEquallyLikely() throws {
    let masker = try Masker(Self.specification(seed: 11))
    var hits = [Int](repeating: 0, count: 42)
    for number in 0..<4_000 {
      for position in masker.corrupt(Self.sequence(number, count: 40)[...], replica: 0).positions {
        hits[Int(position)] += 1
      }
    }
    #expect(hits[0] == 0 && hits[41] == 0)
    for count in hits[1...40] {
      // Six of 40 each time: mean 600, standard deviation sqrt(4000 · 0.15 · 0.85) = 22.6; five of
      // them for forty looks.
      #expect(abs(count - 600) < 113)
    }
  }

  @Test func complementaryReplicasChooseEachTokenOnce() throws {
    for exponent in [0, 0.7] {
      let specification = Self.specification(complementary: true, exponent: exponent)
      let masker = try Masker(specification, tokenCounts: (0..<1_000).map { UInt64($0) })
      #expect(specification.sliceCount == 7)
      for count in [0, 1, 3, 6, 7, 8, 50, 118] {
        var ids = Self.sequence(count, count: count)
        if count > 3 { ids[3] = 100 }
        let ordinary = ids.indices.filter { !Self.special.contains(ids[$0]) }.map { Int32($0) }
        for turn in 0..<2 {
          let replicas = (0..<7).map { masker.corrupt(ids[...], replica: 7 * turn + $0).positions }
          #expect(replicas.flatMap { $0 }.sorted() == ordinary)
          let sizes = replicas.map(\.count)
          #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
        }
      }
    }
  }

  @Test func shortSequencesHaveOneMaskedTokenAndSpecialOnesNone() throws {
    let masker = try Masker(Self.specification())
    #expect(masker.corrupt([101, 500, 102], replica: 0).positions == [1])
    #expect(masker.corrupt([101, 500, 501, 502, 102], replica: 0).positions.count == 1)
    #expect(masker.corrupt([101, 100, 102], replica: 0).positions.isEmpty)
    #expect(masker.corrupt([101, 100, 102], replica: 0).corrupted == [101, 100, 102])
    #expect(masker.corrupt([], replica: 0).positions.isEmpty)
    let all = try Masker(Self.specification(probability: 1))
    #expect(all.corrupt(Self.sequence(1)[...], replica: 0).positions.count == 118)
  }

  @Test func rareTokensAreChosenMoreOften() throws {
    var counts = [UInt64](repeating: 1_000, count: 1_000)
    counts[900] = 1
    var specification = Self.specification(probability: 0.01, exponent: 0.7)
    let masker = try Masker(specification, tokenCounts: counts)
    var rare = 0
    for number in 0..<4_000 {
      var ids: [Int32] = [101] + (0..<100).map { Int32(104 + (number + 3 * $0) % 796) } + [102]
      ids[1 + number % 100] = 900
      let positions = masker.corrupt(ids[...], replica: 0).positions
      #expect(positions.count == 1)
      rare += positions.contains { ids[Int($0)] == 900 } ? 1 : 0
    }
    // Weight 1 against 99 of 1000^-0.7: p = 0.5600, five standard deviations 5 sqrt(p(1-p)/4000).
    let expected = 1 / (1 + 99 * pow(1_000, -0.7))
    #expect(abs(Double(rare) / 4_000 - expected) < 0.0393)
    specification.frequencyExponent = 0
    #expect(
      try Masker(specification).corrupt(Self.sequence(1)[...], replica: 0)
        == Masker(specification, tokenCounts: counts).corrupt(Self.sequence(1)[...], replica: 0))
  }

  @Test func valuesOutOfRangeAreRefusedByName() throws {
    func refuses(_ change: (inout MaskSpecification) -> Void) {
      var specification = Self.specification()
      change(&specification)
      let error = #expect(throws: CorpusError.self) { try Masker(specification) }
      guard case .invalidOption? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
    refuses { $0.probability = 0 }
    refuses { $0.probability = 1.5 }
    refuses { $0.probability = .nan }
    refuses { $0.maskShare = -0.1 }
    refuses { $0.randomShare = 0.3 }
    refuses { $0.replicas = 0 }
    refuses { $0.frequencyExponent = .infinity }
    refuses { $0.frequencyExponent = 0.7 }
    refuses { $0.vocabSize = 0 }
    refuses { $0.maskTokenID = 1_000 }
    refuses { $0.specialTokenIDs = [-1] }
    refuses { $0.specialTokenIDs = Array(0..<1_000) }
  }

  @Test func aSpecificationSurvivesJSON() throws {
    let specification = Self.specification(seed: .max, complementary: true, exponent: 0.7)
    let data = try JSONEncoder().encode(specification)
    #expect(try JSONDecoder().decode(MaskSpecification.self, from: data) == specification)
  }
}
