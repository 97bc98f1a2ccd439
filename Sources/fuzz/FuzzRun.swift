import Foundation

/// Runs all seeds in child processes, and tells which seed a child died of.
struct FuzzRun {
  private let folder: URL
  private let subject: Subject
  private let seeds: Range<Int>
  private let workers: Int
  private let verbose: Bool
  private let quiet: Bool
  private(set) var tally = Tally()

  /// Seeds of one child process: a child keeps little, but whatever it kept would go with it.
  private static let chunk = 2000

  init(
    folder: URL, subject: Subject, seeds: Range<Int>, workers: Int, verbose: Bool, quiet: Bool
  ) {
    self.folder = folder
    self.subject = subject
    self.seeds = seeds
    self.workers = workers
    self.verbose = verbose
    self.quiet = quiet
  }

  private struct Child {
    let process: Process
    let folder: URL
    let seeds: Range<Int>
    var seed = -1
    var since = ContinuousClock.now
  }

  /// Runs them to their end.
  ///
  /// - Throws: What starting a process throws.
  mutating func run() throws {
    let start = ContinuousClock.now
    let chunk = min(Self.chunk, max((seeds.count + workers - 1) / workers, 1))
    var pending = stride(from: seeds.lowerBound, to: seeds.upperBound, by: chunk).map {
      $0..<min($0 + chunk, seeds.upperBound)
    }
    pending.reverse()
    var children: [Child] = []
    var lastTold = start
    while !pending.isEmpty || !children.isEmpty {
      while children.count < workers, let next = pending.popLast() {
        children.append(try spawn(next))
      }
      Thread.sleep(forTimeInterval: 0.02)
      var running: [Child] = []
      for var child in children {
        if child.process.isRunning {
          watch(&child)
          running.append(child)
        } else if let rest = end(child) {
          pending.append(rest)
        }
      }
      children = running
      if !quiet, ContinuousClock.now - lastTold > .seconds(5) {
        lastTold = .now
        let seconds = (lastTold - start).components.seconds
        let line = "\(seconds) s: \(tally.count) of \(seeds.count) done\n"
        FileHandle.standardError.write(Data(line.utf8))
      }
    }
  }

  private func spawn(_ seeds: Range<Int>) throws -> Child {
    let place = folder.appending(path: "\(seeds.lowerBound)-\(seeds.upperBound)")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    let process = Process()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments =
      [
        "--child-folder", place.path, "--of", subject.rawValue, "--seed", "\(seeds.lowerBound)",
        "--count", "\(seeds.count)",
      ]
      + (verbose ? ["--verbose"] : [])
    process.standardInput = FileHandle.nullDevice
    try process.run()
    return Child(process: process, folder: place, seeds: seeds)
  }

  /// Ends a child that stays with one seed for too long.
  private func watch(_ child: inout Child) {
    let seed = Worker.currentSeed(child.folder) ?? -1
    if seed != child.seed {
      (child.seed, child.since) = (seed, .now)
    } else if ContinuousClock.now - child.since > .seconds(3 * Limits.seconds) {
      kill(child.process.processIdentifier, SIGKILL)
    }
  }

  /// Takes what a child found; gives the seeds after the one that it died of.
  private mutating func end(_ child: Child) -> Range<Int>? {
    defer { try? FileManager.default.removeItem(at: child.folder) }
    if let part = Worker.tally(child.folder) { tally.add(part) }
    if child.process.terminationReason == .exit, child.process.terminationStatus == 0 {
      return nil
    }
    let signal = child.process.terminationStatus
    guard let seed = Worker.currentSeed(child.folder), child.seeds.contains(seed) else {
      tally.findings.append("seeds \(child.seeds): the child ended with \(signal) before the first")
      return nil
    }
    let isHung = signal == SIGKILL
    tally.findings.append(
      "seed \(seed) \(isHung ? "hung" : "crashed") (status \(signal)); again: "
        + "fuzz --of \(subject.rawValue) --seed \(seed) --count 1 --verbose")
    return seed + 1 < child.seeds.upperBound ? seed + 1..<child.seeds.upperBound : nil
  }
}
