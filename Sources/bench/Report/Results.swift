import Console
import Foundation
import ShardStore

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
    for row in rows { Terminal.note("\(row.name): \(Self.number(row.ours)) \(row.unit)") }
    self.rows += rows
  }

  /// The rows side by side.
  var table: String {
    var table = TextTable(["name", "unit", "ours", "peer", "peer's", "ratio"])
    for row in rows {
      table.add([
        row.name, row.unit, Self.number(row.ours), row.peer ?? "",
        row.peerValue.map(Self.number) ?? "", row.ratio.map { Format.fixed($0, 2) } ?? "",
      ])
    }
    return table.text
  }

  /// Writes the rows, the machine and the date.
  func write(to file: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    try AtomicFile.write([UInt8](encoder.encode(self)), to: file)
    Terminal.note("results: \(file.relativePath)")
  }

  private static func number(_ value: Double) -> String {
    value < 100 ? Format.fixed(value, 2) : Format.count(Int(value.rounded()))
  }
}
