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

  private func repair(_ teacher: Teacher) throws {
    let problems = try CacheVerification(folder: folder.url).run()
    let repair = try CacheRepair(folder: folder.url)
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

  @Test func twoRepairsAtOnceAreRefused() throws {
    let first = try CacheRepair(folder: folder.url)
    #expect(throws: ShardStoreError.self) { try CacheRepair(folder: folder.url) }
    #expect(first.tasks(for: []) == [])
  }
}
