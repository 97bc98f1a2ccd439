import Foundation
import Transformer

/// The child: applies one mutation after the other, and reads what came of it.
struct Worker {
  private let folder: URL
  private let subject: Subject
  private let verbose: Bool

  private static let seedFile = "seed"
  private static let tallyFile = "tally.json"
  /// The tally is written every so many seeds, so that a crash loses little of it.
  private static let interval = 200

  init(folder: URL, subject: Subject, verbose: Bool) {
    self.folder = folder
    self.subject = subject
    self.verbose = verbose
  }

  /// The seed that the child of a folder is at.
  static func currentSeed(_ folder: URL) -> Int? {
    (try? String(contentsOf: folder.appending(path: seedFile), encoding: .utf8)).flatMap { Int($0) }
  }

  /// What the child of a folder has found so far.
  static func tally(_ folder: URL) -> Tally? {
    (try? Data(contentsOf: folder.appending(path: tallyFile)))
      .flatMap { try? JSONDecoder().decode(Tally.self, from: $0) }
  }

  /// Runs the seeds.
  func run(seeds: Range<Int>) throws {
    let bases = try subject.bases(in: folder.appending(path: "base"))
    let kinds = subject.kinds
    let scratch = folder.appending(path: "scratch")
    var tally = Tally()
    // What every later reading has, such as the library's own tables, counts for none of them.
    for base in bases { _ = base.judge(base.folder, mutated: nil, mayDiffer: false) }
    for seed in seeds {
      try Data("\(seed)".utf8).write(to: folder.appending(path: Self.seedFile))
      var generator = SplitMix64(seed: UInt64(seed))
      let base = bases[Int.random(in: 0..<bases.count, using: &generator)]
      let mutation = kinds[Int.random(in: 0..<kinds.count, using: &generator)]
      try? FileManager.default.removeItem(at: scratch)
      try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
      var place = MutationPlace(base: base, folder: scratch, generator: generator)
      var verdict: Tally.Verdict
      do {
        try mutation.apply(&place)
        try place.linkRest()
        Memory.resetPeak()
        let (before, start) = (Memory.resident(), ContinuousClock.now)
        verdict = base.judge(
          scratch, mutated: place.isAlone ? place.file : nil, mayDiffer: mutation.mayDiffer)
        let took = (ContinuousClock.now - start).components
        let seconds = Double(took.seconds) + Double(took.attoseconds) * 1e-18
        let grown = max(Memory.peak() - before, 0)
        tally.slowestSeconds = max(tally.slowestSeconds, seconds)
        tally.peakKilobytes = max(tally.peakKilobytes, grown)
        if seconds > Limits.seconds {
          verdict = .finding("took \(seconds) s")
        } else if grown > Limits.megabytes << 10 {
          verdict = .finding("took \(grown) kB of memory")
        }
      } catch {
        verdict = .finding("the mutation itself failed: \(error)")
      }
      if verbose {
        print("seed \(seed): \(base.name), \(mutation.name) \(place.what): \(verdict)")
      }
      tally.add(verdict, kind: mutation.name, seed: seed)
      if (seed - seeds.lowerBound) % Self.interval == 0 || seed == seeds.upperBound - 1 {
        try JSONEncoder().encode(tally).write(to: folder.appending(path: Self.tallyFile))
      }
    }
  }
}

/// The process's memory, as Linux counts it; 0 where it does not.
enum Memory {
  /// Forgets the peak so far.
  static func resetPeak() {
    try? Data("5".utf8).write(to: URL(filePath: "/proc/self/clear_refs"))
  }

  /// Kilobytes in memory.
  static func resident() -> Int { status("VmRSS:") }

  /// Most kilobytes that were in memory since the peak was forgotten.
  static func peak() -> Int { status("VmHWM:") }

  private static func status(_ field: String) -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix(field) }
    return line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0
  }
}
