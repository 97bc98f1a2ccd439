import Console
import LogitCache

/// Reads all of a cache, with progress, and words what was found.
struct CacheCheck {
  let name: String
  let quiet: Bool

  /// Problems that a message lists at most.
  private static let mostLines = 200

  /// All that is wrong.
  func problems(_ verification: CacheVerification) -> [CacheProblem] {
    let bar = ProgressBar("verify", quiet: quiet)
    let total = verification.blockCount
    let problems = verification.run { done in
      bar.update(
        Double(done) / Double(max(total, 1)),
        "\(Format.count(done)) of \(Format.count(total)) blocks")
    }
    bar.finish("\(Format.count(total)) blocks")
    return problems
  }

  /// The message of a cache with problems.
  static func text(_ name: String, _ problems: [CacheProblem]) -> String {
    let rest = problems.count - mostLines
    return "\(name): damaged in \(Format.count(problems.count, "place")):\n"
      + problems.prefix(mostLines).map { "  \($0)" }.joined(separator: "\n")
      + (rest > 0 ? "\n  … and \(Format.count(rest)) more" : "")
      + "\nRun 'pipeline cache repair' with its teacher and corpus, or copy these shards again."
  }
}
