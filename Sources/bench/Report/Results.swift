import Console
import Foundation

/// All figures of one run.
struct Results: Encodable {
  let machine: Machine
  /// When the run began, ISO 8601.
  let date = ISO8601DateFormatter().string(from: Date())
  let isQuick: Bool
  private(set) var rows: [ResultRow] = []

  init(machine: Machine, isQuick: Bool) {
    self.machine = machine
    self.isQuick = isQuick
  }

  private enum CodingKeys: String, CodingKey {
    case machine, date, rows
    case isQuick = "quick"
  }

  /// Adds rows and shows them at once.
  mutating func add(_ rows: [ResultRow]) {
    for row in rows { Terminal.note("\(row.name): \(ResultFile.number(row.ours)) \(row.unit)") }
    self.rows += rows
  }

  /// The rows side by side.
  var table: String {
    var table = TextTable(["name", "unit", "ours", "peer", "peer's", "ratio"])
    for row in rows {
      table.add([
        row.name, row.unit, ResultFile.number(row.ours), row.peer ?? "",
        row.peerValue.map(ResultFile.number) ?? "", row.ratio.map { Format.fixed($0, 2) } ?? "",
      ])
    }
    return table.text
  }

  /// Writes the rows, the machine and the date.
  func write(to file: URL) throws {
    try ResultFile.write(self, to: file)
  }
}
