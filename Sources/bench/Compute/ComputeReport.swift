import Console
import Foundation

/// The rows of one run of the compute benchmark: shown as they come, then as a table and as JSON.
struct ComputeReport: Encodable {
  let machine: Machine
  /// When the run began, ISO 8601.
  let date = ISO8601DateFormatter().string(from: Date())
  let quick: Bool
  /// Versions of the peers' libraries; empty without them.
  let peers: [String: String]
  private(set) var rows: [ComputeRow] = []
  /// What could not be measured, and why.
  private(set) var failures: [String] = []

  init(machine: Machine, quick: Bool, peers: [String: String]) {
    self.machine = machine
    self.quick = quick
    self.peers = peers
  }

  /// Adds rows and shows them at once.
  mutating func add(_ rows: [ComputeRow]) {
    for row in rows {
      let against = zip3(row.peer, row.peerValue, row.ratio).map {
        ", \($0) \(ResultFile.number($1)): \(Format.fixed($2, 2))"
      }
      Terminal.note("\(Self.name(row)): \(ResultFile.number(row.ours)) \(row.unit)\(against ?? "")")
    }
    self.rows += rows
  }

  /// Notes that some rows are missing.
  mutating func add(failure: String) {
    Terminal.note(failure)
    failures.append(failure)
  }

  /// The rows side by side.
  var table: String {
    var table = TextTable(["work", "unit", "ours", "peer", "peer's", "ratio", "to reach", ""])
    for row in rows {
      table.add([
        Self.name(row), row.unit, ResultFile.number(row.ours), row.peer ?? "",
        row.peerValue.map(ResultFile.number) ?? "", row.ratio.map { Format.fixed($0, 2) } ?? "",
        row.toReach.map(Self.text) ?? "", Self.verdict(row),
      ])
    }
    return table.text
  }

  /// Writes everything.
  func write(to file: URL) throws {
    try ResultFile.write(self, to: file)
  }

  private static func name(_ row: ComputeRow) -> String {
    "\(row.work), \(row.precision.rawValue)"
  }

  private static func text(_ bound: ComputeRow.Bound) -> String {
    switch bound {
    case .atLeast(let limit): "≥ \(Format.fixed(limit, 2))"
    case .atMost(let limit): "≤ \(Format.fixed(limit, 2))"
    }
  }

  private static func verdict(_ row: ComputeRow) -> String {
    guard let ratio = row.ratio, let bound = row.toReach else { return "" }
    return bound.holds(ratio) ? "reached" : "missed"
  }
}

/// Three values that are there together, or nil.
private func zip3<A, B, C>(_ a: A?, _ b: B?, _ c: C?) -> (A, B, C)? {
  guard let a, let b, let c else { return nil }
  return (a, b, c)
}
