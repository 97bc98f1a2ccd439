import Foundation
import LogitCache
import ShardStore

/// A small sound cache, which mutations damage.
struct BaseCache {
  /// For messages.
  let name: String
  /// Where it lies; nobody changes it.
  let folder: URL
  /// Its files.
  let files: [String: [UInt8]]
  /// What it is made of.
  let content: CacheContent
  /// What a reader reads of it, by what was asked.
  let expected: [String: Reading.Item]

  /// Caches of every tail, every kind of states, two classes of positions, and one that is not
  /// complete.
  static func all(in parent: URL) throws -> [BaseCache] {
    let lowRank = target(headK: 6, tail: .lowrank, rank: 5)
    let samples = [
      ("scalars", CacheSample(target: target(headK: 5, tail: .scalars), states: .int8)),
      ("lowrank", CacheSample(target: lowRank, states: .bf16)),
      ("hidden", CacheSample(target: target(headK: 0, tail: .hidden), states: .shared)),
      ("sampled", CacheSample(target: target(headK: 0, tail: .sampled), states: .fp16)),
      (
        "mixed",
        CacheSample(
          target: lowRank, otherTarget: target(headK: 2, tail: .scalars), positions: .all)
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
    var files: [String: [UInt8]] = [:]
    for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      files[file] = [UInt8](try Data(contentsOf: folder.appending(path: file)))
    }
    self.files = files
    content = try CacheContent(folder: folder)
    let reader = try CacheReader(folder: folder, allowsMissing: true)
    var expected: [String: Reading.Item] = [:]
    for question in Reading.questions(of: reader) {
      let item = try question.ask(reader)
      try Bounds(reader: reader).check(item)
      expected[question.name] = item
    }
    self.expected = expected
  }

  /// Reads a mutated copy.
  ///
  /// - Parameters:
  ///   - folder: The copy.
  ///   - mutated: The one file that differs, whose name an error has to have; nil where several do,
  ///     or where it may be found in another.
  ///   - mayDiffer: Whether its checksums are right, so that it may be another consistent cache.
  /// - Returns: What came of it.
  func judge(_ folder: URL, mutated: String?, mayDiffer: Bool) -> Tally.Verdict {
    let reader: CacheReader
    do {
      reader = try CacheReader(folder: folder, allowsMissing: true)
    } catch {
      return judge(error, folder: folder, mutated: mutated)
    }
    var verdict = Tally.Verdict.harmless
    var different: [String] = []
    let bounds: Bounds
    do { bounds = try Bounds(reader: reader) } catch {
      return judge(error, folder: folder, mutated: mutated)
    }
    for question in Reading.questions(of: reader) {
      do {
        let item = try question.ask(reader)
        if item == expected[question.name] { continue }
        different.append(question.name)
        do { try bounds.check(item) } catch {
          return .finding("\(question.name): \(error)")
        }
      } catch {
        let found = judge(error, folder: folder, mutated: mutated)
        if case .finding = found { return found }
        verdict = .reported
      }
    }
    if different.isEmpty { return verdict }
    // The stored size is in no digest; the stream whose it is was reported as it was read.
    if verdict == .reported && different == ["sizes"] { return .reported }
    if !mayDiffer { return .finding("other numbers: \(different.joined(separator: ", "))") }
    return verdict == .reported ? .reported : .consistent
  }

  /// An error has to be ours, and to say where.
  private func judge(_ error: any Error, folder: URL, mutated: String?) -> Tally.Verdict {
    guard error is ShardStoreError || error is LogitCacheError else {
      return .finding("an error of type \(type(of: error)): \(error)")
    }
    let text = "\(error)"
    guard let mutated else {
      // Not "shards", which any message may have.
      let places = ["shard-0", "tables", "sequences", "manifest.json", folder.path]
      return places.contains(where: text.contains)
        ? .reported : .finding("says not where: \(text)")
    }
    let name = mutated.replacing(".sqlite", with: "")
    let isSaid =
      text.contains(name) || (name == "manifest.json" && text.contains("shard-0"))
      || (name == "manifest.json" && (text.contains("tables") || text.contains(folder.path)))
    return isSaid ? .reported : .finding("does not name \(mutated): \(text)")
  }
}
