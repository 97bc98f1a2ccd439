/// What came of some mutations.
struct Tally: Codable {
  /// How reading a mutated cache ended.
  enum Verdict: Codable, Equatable {
    /// The numbers of the whole cache.
    case harmless
    /// A typed error that says where.
    case reported
    /// Other numbers, within their bounds, of a cache whose checksums are right.
    case consistent
    /// Anything else.
    case finding(String)
  }

  /// Verdicts by kind of mutation: harmless, reported, consistent.
  var kinds: [String: [Int]] = [:]
  /// What should not be, with its seed.
  var findings: [String] = []
  /// Most memory that one mutation took, in kilobytes.
  var peakKilobytes = 0
  /// Longest time that one mutation took.
  var slowestSeconds = 0.0

  /// Adds the verdict of a seed.
  mutating func add(_ verdict: Verdict, kind: String, seed: Int) {
    var counts = kinds[kind] ?? [0, 0, 0]
    switch verdict {
    case .harmless: counts[0] += 1
    case .reported: counts[1] += 1
    case .consistent: counts[2] += 1
    case .finding(let what): findings.append("seed \(seed) (\(kind)): \(what)")
    }
    kinds[kind] = counts
  }

  /// Adds those of another process.
  mutating func add(_ other: Tally) {
    for (kind, counts) in other.kinds {
      kinds[kind] = zip(kinds[kind] ?? [0, 0, 0], counts).map(+)
    }
    findings += other.findings
    peakKilobytes = max(peakKilobytes, other.peakKilobytes)
    slowestSeconds = max(slowestSeconds, other.slowestSeconds)
  }

  /// Number of mutations with a verdict.
  var count: Int { kinds.values.joined().reduce(0, +) + findings.count }

  /// A table.
  var summary: String {
    func line(_ cells: [String]) -> String {
      zip(cells, [26, 10, 10, 11]).map { cell, width in
        let padding = String(repeating: " ", count: max(width - cell.count, 0))
        return width == 26 ? cell + padding : padding + cell
      }.joined()
    }
    var lines = [line(["mutation", "harmless", "reported", "consistent"])]
    for (kind, counts) in kinds.sorted(by: { $0.key < $1.key }) {
      lines.append(line([kind] + counts.map { "\($0)" }))
    }
    let tenths = Int((slowestSeconds * 1000).rounded())
    lines.append(
      "\(count) mutations, \(findings.count) findings; at most \(peakKilobytes) kB of memory and "
        + "\(tenths) ms for one")
    return lines.joined(separator: "\n")
  }
}
