import ArgumentParser
import Foundation

/// `fuzz`: reads damaged and hostile folders of shards, and fails where a reader does not do as it must.
@main
struct FuzzCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fuzz",
    abstract: "Read damaged and hostile caches or corpora, each made from a seed.",
    discussion: """
      Each seed is one mutation of a small folder: bytes, pages and lengths of its files, rows and \
      schema of its shards, decoded streams with right checksums, fields of its manifest. Reading it \
      has to give a typed error that says where, the numbers of the whole folder or, where a mutation \
      amounts to another consistent one, numbers within their bounds; in \
      \(Int(Limits.seconds)) seconds and \(Limits.megabytes) MiB. Children do the reading, so that a \
      crash is told with its seed. 'fuzz --seed N --count 1' does one again.
      """)

  @Option(help: "What is damaged: \(Subject.allCases.map(\.rawValue).joined(separator: " or ")).")
  var of = Subject.caches

  @Option(help: "Number of mutations.")
  var count = 2000

  @Option(help: "The first seed; the others follow.")
  var seed = 1

  @Option(help: "Child processes at once.")
  var workers = max(ProcessInfo.processInfo.activeProcessorCount, 1)

  @Flag(help: "No line of progress.")
  var quiet = false

  @Flag(help: "Say what comes of every seed.")
  var verbose = false

  @Option(help: .hidden)
  var childFolder: String?

  func validate() throws {
    guard count > 0, seed >= 0, workers > 0 else {
      throw ValidationError("--count and --workers are at least 1, --seed at least 0")
    }
  }

  func run() throws {
    if let childFolder {
      return try Worker(folder: URL(filePath: childFolder), subject: of, verbose: verbose)
        .run(seeds: seed..<seed + count)
    }
    // In memory where the system has a place for it: each mutation writes its files.
    let memory = URL(filePath: "/dev/shm")
    let parent =
      FileManager.default.isWritableFile(atPath: memory.path)
      ? memory : FileManager.default.temporaryDirectory
    let folder = parent.appending(path: "decant-fuzz-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var run = FuzzRun(
      folder: folder, subject: of, seeds: seed..<seed + count, workers: workers, verbose: verbose,
      quiet: quiet)
    try run.run()
    print(run.tally.summary)
    for finding in run.tally.findings { print(finding) }
    if !run.tally.findings.isEmpty { throw ExitCode.failure }
  }
}

/// What reading a mutated cache may take.
enum Limits {
  /// Longest time, without waiting for other processes.
  static let seconds = 10.0
  /// Most memory beyond what the process had before.
  static let megabytes = 64
}
