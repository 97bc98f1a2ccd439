import Foundation
import LogitCache
import ShardStore
import TestSupport
import Testing

@Suite struct CacheRepairTests {
  private let folder: TemporaryFolder
  private let sound: [String: Data]
  private let sample = SampleCache(states: .int8)

  init() throws {
    folder = try TemporaryFolder()
    try sample.write(to: folder.url)
    sound = try SampleCache.contents(folder.url)
  }

  /// Counts what is computed; `shift` makes it another teacher.
  private final class Teacher {
    var computed: [String] = []
    var shift = 0
    let sample: SampleCache

    init(_ sample: SampleCache) { self.sample = sample }

    var source: CacheRepair.Source {
      CacheRepair.Source(
        block: { [self] number, replica, auditRows in
          computed.append("\(replica):\(number)")
          let rows = sample.targetBlock(number, replica: replica).positions.count
          return try sample.encode(
            number, replica: (replica + shift) % 2, auditRows: shift == 0 ? auditRows(rows) : [])
        },
        tables: { [self] in sample.tables })
    }
  }

  private func repair(_ teacher: Teacher, _ other: URL? = nil) throws {
    let folder = other ?? folder.url
    let problems = try CacheVerification(folder: folder).run()
    let repair = try CacheRepair(folder: folder)
    for task in repair.tasks(for: problems) {
      try repair.repair(task, source: teacher.source)
    }
  }

  @Test func onlyTheDamagedBlockIsComputedAndTheBytesAreThoseOfBefore() throws {
    try flip(folder.file("shard-00002.sqlite"), block: 1, stream: "head.steps")
    let teacher = Teacher(sample)
    try repair(teacher)
    #expect(teacher.computed == ["1:1"])
    #expect(try SampleCache.contents(folder.url) == sound)
  }

  @Test func whatCannotBeOpenedIsComputedWhole() throws {
    try FileManager.default.removeItem(at: folder.file("shard-00001.sqlite"))
    try Data(repeating: 7, count: 4096).write(to: folder.file("shard-00003.sqlite"))
    let teacher = Teacher(sample)
    try repair(teacher)
    #expect(teacher.computed == ["0:3", "0:4", "1:3", "1:4"])
    #expect(try SampleCache.contents(folder.url) == sound)
  }

  @Test func tablesAreRebuilt() throws {
    try flip(folder.file("tables.sqlite"), block: -1, stream: "idOrder")
    let teacher = Teacher(sample)
    try repair(teacher)
    #expect(teacher.computed == [])
    #expect(try SampleCache.contents(folder.url) == sound)
  }

  @Test func lowRankBlocksAreComputedWithTheTablesThatAreThere() throws {
    let other = try TemporaryFolder()
    let sample = SampleCache(
      target: TargetSpecification(headK: 6, tail: .lowrank, rank: 5), states: .bf16)
    try sample.write(to: other.url)
    let sound = try SampleCache.contents(other.url)
    try flip(other.file("shard-00000.sqlite"), block: 1, stream: "tail.lowrank")
    try flip(other.file("tables.sqlite"), block: 0, stream: "lowrank.weight")
    let problems = try CacheVerification(folder: other.url).run()
    #expect(problems.map(\.shard) == ["tables", "shard-00000"])
    let teacher = Teacher(sample)
    try repair(teacher, other.url)
    #expect(teacher.computed == ["0:1"])
    #expect(try SampleCache.contents(other.url) == sound)
  }

  @Test func anyFlippedByteIsHarmlessOrMended() throws {
    var generator = SeededGenerator(seed: 20_261_121)
    let names = sound.keys.filter { $0.hasSuffix(".sqlite") }.sorted()
    let expected = try blocks()
    var mended = 0
    for _ in 0..<80 {
      let name = try #require(names.randomElement(using: &generator))
      var bytes = try #require(sound[name])
      let place = Int.random(in: 0..<bytes.count, using: &generator)
      bytes[place] ^= UInt8.random(in: 1...255, using: &generator)
      try bytes.write(to: folder.file(name))
      if try CacheVerification(folder: folder.url).run().isEmpty {
        #expect(try blocks() == expected, "\(name), byte \(place)")
        try sound[name]?.write(to: folder.file(name))
      } else {
        try repair(Teacher(sample))
        #expect(try SampleCache.contents(folder.url) == sound, "\(name), byte \(place)")
        mended += 1
      }
    }
    // Most bytes of these files are payload.
    #expect(mended > 40, "\(mended)")
  }

  private func blocks() throws -> [SoftTargetBlock] {
    let reader = try CacheReader(folder: folder.url)
    return try (0..<10).map { try reader.readBlock($0 % 5, replica: $0 / 5) }
  }

  @Test func otherNumbersReplaceNothing() throws {
    try flip(folder.file("shard-00000.sqlite"), block: 2, stream: "tail.scalars")
    let damaged = try SampleCache.contents(folder.url)
    let teacher = Teacher(sample)
    teacher.shift = 1
    let error = #expect(throws: LogitCacheError.self) { try repair(teacher) }
    guard case .notRepaired("shard-00000", _, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(try SampleCache.contents(folder.url) == damaged)
  }

  @Test func whatAKilledRepairLeftIsNotUsed() throws {
    try flip(folder.file("shard-00002.sqlite"), block: 1, stream: "ids")
    let staging = folder.file(".repair")
    try FileManager.default.createDirectory(at: staging, withIntermediateDirectories: true)
    // A whole shard of other numbers, as far as its metadata goes the right one.
    try Data(contentsOf: folder.file("shard-00002.sqlite"))
      .write(to: staging.appending(path: "shard-00002.sqlite"))
    try Data("x".utf8).write(to: staging.appending(path: "shard-00002.sqlite.partial"))
    try repair(Teacher(sample))
    #expect(try SampleCache.contents(folder.url) == sound)
    #expect(!FileManager.default.fileExists(atPath: staging.path))
  }

  @Test func twoRepairsAtOnceAreRefused() throws {
    let first = try CacheRepair(folder: folder.url)
    #expect(throws: ShardStoreError.self) { try CacheRepair(folder: folder.url) }
    #expect(first.tasks(for: []) == [])
  }
}
