import Foundation
import LogitCache
import ShardStore
import TestSupport
import Testing

@Suite struct CacheIdentityTests {
  @Test func fingerprintFollowsEveryFieldAndNothingElse() throws {
    let base = SampleCache().specification
    #expect(base.fingerprint() == SampleCache().specification.fingerprint())
    let changes: [(String, (inout CacheSpecification) -> Void)] = [
      ("corpusDigest", { $0.corpusDigest = "c1" }), ("precision", { $0.precision = "bf16" }),
      ("teacher.weightDigest", { $0.teacher.weightDigest = "x" }),
      ("mask.seed", { $0.mask = .object(["seed": .unsigned(1), "probability": .number(0.15)]) }),
      ("target.step", { $0.target.step = 0.125 }), ("states", { $0.states = .int8 }),
      ("positions", { $0.positions = .all }), ("replicas", { $0.replicas = 3 }),
    ]
    for (field, change) in changes {
      var other = base
      change(&other)
      #expect(other.fingerprint() != base.fingerprint(), "\(field)")
      #expect(base.differences(from: other).map(\.field) == [field])
    }
  }

  @Test func aDecoderAsWideAsTheStatesIsNotToldOf() throws {
    func teacher(embeddingSize: Int?) -> CacheSpecification.Teacher {
      .init(
        configurationDigest: "tc", weightDigest: "tw", architecture: "bert", hiddenSize: 16,
        layers: 2, embeddingSize: embeddingSize)
    }
    var specification = SampleCache().specification
    let fingerprint = specification.fingerprint()
    specification.teacher = teacher(embeddingSize: 16)
    #expect(specification.fingerprint() == fingerprint)
    specification.teacher = teacher(embeddingSize: 8)
    #expect(specification.fingerprint() != fingerprint)
    #expect(specification.teacher.inputSize == 8)
    try specification.validate()
    // Ranks are of the decoder's input, and states of another width are not in its stream.
    specification.target = TargetSpecification(headK: 8, tail: .lowrank, rank: 9)
    #expect(throws: LogitCacheError.self) { try specification.validate() }
    specification.target = TargetSpecification(headK: 0, tail: .hidden)
    try specification.validate()
    specification.states = .shared
    #expect(throws: LogitCacheError.self) { try specification.validate() }
  }

  @Test func canonicalTextIsSortedAndPlain() throws {
    let value = PlainValue.object([
      "b": .list([.null, .bool(true), .signed(-1)]), "a": .text("x/\"\\\n\u{e9}"),
      "c": .number(0.0625), "d": .unsigned(.max),
    ])
    #expect(
      value.canonicalText
        == "{\"a\":\"x/\\\"\\\\\\u000a\u{e9}\",\"b\":[null,true,-1],\"c\":0.0625,\"d\":18446744073709551615}"
    )
    #expect(try PlainValue(encoding: value) == value)
    #expect(try value.decode(as: PlainValue.self) == value)
  }

  @Test func longListsComeBackWhateverIsInThem() throws {
    let n = 200_000
    let lists: [[PlainValue]] = [
      (0..<n).map { .unsigned(UInt64($0)) }, (0..<n).map { .text("\($0)") },
      // Of which only the last is no whole number, or no text.
      (0..<n).map { .unsigned(UInt64($0)) } + [.number(0.5)],
      (0..<n).map { .text("\($0)") } + [.null],
      [.signed(-1), .bool(true), .list([]), .object(["a": .list([.text("b")])]), .number(1.5)], [],
    ]
    for list in lists {
      let value = PlainValue.object(["list": .list(list)])
      #expect(try PlainValue(encoding: value) == value)
    }
  }

  @Test func senselessTargetsAreRefused() throws {
    var noRank = TargetSpecification(headK: 4, tail: .lowrank)
    noRank.rank = nil
    var strayRank = TargetSpecification(headK: 4, tail: .scalars)
    strayRank.rank = 3
    for target in [
      TargetSpecification(headK: 0, tail: .lowrank, rank: 4),
      TargetSpecification(headK: 4, tail: .lowrank, rank: 17),
      TargetSpecification(headK: 4, tail: .lowrank, rank: 0),
      TargetSpecification(headK: 4, tail: .sampled),
      TargetSpecification(headK: 0, tail: .sampled, threshold: 0.7), noRank, strayRank,
    ] {
      #expect(throws: LogitCacheError.self) { try target.validate(vocabSize: 100, inputSize: 16) }
    }
    try TargetSpecification(headK: 4, tail: .lowrank, rank: 16)
      .validate(vocabSize: 100, inputSize: 16)
    for (k, step) in [(0, 0.1), (100, 0.1), (-1, 0.1), (4, 0), (4, .nan), (4, 2)] {
      #expect(throws: LogitCacheError.self) {
        try TargetSpecification(headK: k, step: step, tail: .scalars)
          .validate(vocabSize: 100, inputSize: 16)
      }
    }
  }

  @Test func anotherCacheInTheFolderIsRefusedWithTheDifferences() throws {
    let folder = try TemporaryFolder()
    try SampleCache().write(to: folder.url)
    let other = SampleCache(target: TargetSpecification(headK: 9, tail: .scalars), states: .int8)
    let error = #expect(throws: LogitCacheError.self) {
      try CacheWriter(folder: folder.url, specification: other.specification)
    }
    guard case .otherCache(_, let differences) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(differences.map(\.field) == ["states", "target.headK"])
    #expect(differences.last == FieldDifference(field: "target.headK", expected: "9", found: "8"))
  }

  @Test func anotherCorpusOrTokenizerIsRefusedFieldByField() throws {
    let folder = try TemporaryFolder()
    try SampleCache().write(to: folder.url)
    let reader = try CacheReader(folder: folder.url)
    try reader.check(CacheExpectation(tokenizerDigest: "t0", vocabSize: 300, corpusDigest: "c0"))
    let error = #expect(throws: LogitCacheError.self) {
      try reader.check(CacheExpectation(vocabSize: 301, corpusDigest: "c1", sequences: 20))
    }
    #expect(error?.description.contains("vocabSize: expected 301, found 300") == true)
    #expect(error?.description.contains("corpusDigest: expected c1, found c0") == true)
    #expect(error?.description.contains("sequences") == false)
  }

  @Test func aFolderOfSomethingElseIsNotTouched() throws {
    let folder = try TemporaryFolder()
    try Data("x".utf8).write(to: folder.url.appending(path: "notes.txt"))
    #expect(throws: LogitCacheError.self) {
      try CacheWriter(folder: folder.url, specification: SampleCache().specification)
    }
    #expect(throws: LogitCacheError.self) { try CacheReader(folder: folder.url) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["notes.txt"])
  }
}
