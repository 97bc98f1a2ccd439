import Foundation
import LogitCache

/// A small sound cache.
struct BaseCache: Base {
  let name: String
  let folder: URL
  let files: [String: [UInt8]]
  let content: any FolderContent
  private(set) var expected: [String: Reading.Item] = [:]

  /// Caches of every tail, every kind of states, states of inner layers, two classes of positions, and one that is not
  /// complete.
  static func all(in parent: URL) throws -> [any Base] {
    let lowRank = target(headK: 6, tail: .lowrank, rank: 5)
    let samples = [
      ("scalars", CacheSample(target: target(headK: 5, tail: .scalars), states: .int8)),
      ("lowrank", CacheSample(target: lowRank, states: .bf16)),
      ("hidden", CacheSample(target: target(headK: 0, tail: .hidden), states: .shared)),
      ("sampled", CacheSample(target: target(headK: 0, tail: .sampled), states: .fp16)),
      (
        "mixed",
        CacheSample(
          target: lowRank, otherTarget: target(headK: 2, tail: .scalars), states: .int8,
          stateLayers: [0, 1], positions: .all)
      ),
      (
        "mixed kinds",
        CacheSample(
          target: target(headK: 3, tail: .hidden), otherTarget: target(headK: 0, tail: .sampled),
          positions: .all)
      ),
    ]
    var bases = try samples.map { name, sample in
      try BaseCache(name: name, sample: sample, in: parent, isComplete: true)
    }
    bases.append(
      try BaseCache(name: "incomplete", sample: samples[0].1, in: parent, isComplete: false))
    return bases
  }

  private static func target(
    headK: Int, tail: TargetSpecification.Tail, rank: Int? = nil
  ) -> TargetSpecification {
    var target = TargetSpecification(headK: headK, tail: tail, rank: rank)
    if tail == .lowrank { target.estimatedRank = 4 }
    return target
  }

  private init(name: String, sample: CacheSample, in parent: URL, isComplete: Bool) throws {
    self.name = name
    folder = parent.appending(path: name)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try sample.write(to: folder, isComplete: isComplete)
    files = try Self.files(of: folder)
    content = try CacheContent(folder: folder)
    expected = try answers()
  }

  func open(_ folder: URL) throws -> CacheReader {
    try CacheReader(folder: folder, allowsMissing: true)
  }

  func questions(of reader: CacheReader) -> [Question<CacheReader, Reading.Item>] {
    Reading.questions(of: reader)
  }

  func bounds(of reader: CacheReader) throws -> (Reading.Item) throws -> Void {
    try Bounds(reader: reader).check
  }
}
