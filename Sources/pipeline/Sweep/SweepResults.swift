import Console
import Foundation
import ShardStore

/// How each student of a sweep stands; `results.json` of its folder.
struct SweepResults: Codable {
  /// How a student stands.
  enum Status: String, Codable {
    case waiting, running, finished, failed, interrupted
  }

  /// One student.
  struct Student: Codable {
    var name: String
    var group: String
    var status = Status.waiting
    /// What distinguishes it.
    var settings: [String: String]
    /// The exit code of its process, where it has ended.
    var exitCode: Int32?
    /// Why it failed.
    var message: String?
    var steps: Int?
    var tokens: Int?
    /// Seconds of training.
    var seconds: Double?
    var lastLoss: Double?
    var evalLoss: Double?
    var evalAccuracy: Double?
    var evalPositions: Int?
    /// The most memory that its process had.
    var peakBytes: Int?
  }

  /// Students that differ in their seed alone.
  struct Group: Codable {
    var name: String
    /// Finished students with a held-out loss.
    var seeds: Int
    var evalLoss: Spread
    var evalAccuracy: Spread
  }

  /// Mean and sample standard deviation.
  struct Spread: Codable, Equatable {
    var mean: Double
    var deviation: Double

    /// - Precondition: Values are two or more.
    init(_ values: [Double]) {
      precondition(values.count > 1, "the spread of \(values.count) value(s)")
      let mean = values.reduce(0, +) / Double(values.count)
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      self.mean = mean
      deviation = (squares / Double(values.count - 1)).squareRoot()
    }
  }

  /// Options in which students differ, in the order of the file.
  var columns: [String]
  /// All students, in the order of the file.
  var students: [Student]
  /// Means over seeds, where there are several of a student.
  var groups: [Group] = []

  static let jsonName = "results.json"
  static let tableName = "results.tsv"

  /// What a sweep left in its folder; nil where there is nothing or it cannot be read.
  static func read(folder: URL) -> SweepResults? {
    guard let data = try? Data(contentsOf: folder.appending(path: jsonName)) else { return nil }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try? decoder.decode(SweepResults.self, from: data)
  }

  /// Writes both files.
  mutating func write(to folder: URL) throws {
    groups = Self.groups(of: students)
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(encoder.encode(self), to: folder.appending(path: Self.jsonName))
    try AtomicFile.write(Data(tabSeparated.utf8), to: folder.appending(path: Self.tableName))
  }

  static func groups(of students: [Student]) -> [Group] {
    let names = students.map(\.group).reduce(into: [String]()) {
      if !$0.contains($1) { $0.append($1) }
    }
    return names.compactMap { name in
      let members = students.filter { $0.group == name && $0.status == .finished }
      let (losses, accuracies) = (
        members.compactMap(\.evalLoss), members.compactMap(\.evalAccuracy)
      )
      guard losses.count > 1, losses.count == accuracies.count else { return nil }
      return Group(
        name: name, seeds: losses.count, evalLoss: Spread(losses), evalAccuracy: Spread(accuracies))
    }
  }

  private var tabSeparated: String {
    let numbers = [
      "steps", "tokens", "seconds", "last_loss", "eval_loss", "eval_accuracy", "eval_positions",
      "peak_bytes",
    ]
    let header = ["name", "status"] + columns + numbers
    let rows = students.map { student -> [String] in
      func text(_ value: (some CustomStringConvertible)?) -> String { value?.description ?? "" }
      return [student.name, student.status.rawValue] + columns.map { student.settings[$0] ?? "" }
        + [text(student.steps), text(student.tokens), text(student.seconds)]
        + [text(student.lastLoss), text(student.evalLoss), text(student.evalAccuracy)]
        + [text(student.evalPositions), text(student.peakBytes)]
    }
    return ([header] + rows).map { row in
      row.map { $0.replacing("\t", with: " ").replacing("\n", with: " ") }
        .joined(separator: "\t") + "\n"
    }.joined()
  }

  /// The students that are through, the lowest held-out loss first.
  var table: String {
    var table = TextTable(["student", "held-out loss", "accuracy", "last loss", "time"])
    let through = students.enumerated().filter { $0.element.status != .waiting }.sorted {
      ($0.element.evalLoss ?? .infinity, $0.offset) < ($1.element.evalLoss ?? .infinity, $1.offset)
    }
    for (_, student) in through {
      let isFinished = student.status == .finished
      table.add([
        isFinished ? student.name : "\(student.name) (\(student.status.rawValue))",
        student.evalLoss.map { Format.fixed($0, 4) } ?? "",
        student.evalAccuracy.map(Format.percent) ?? "",
        student.lastLoss.map { Format.fixed($0, 4) } ?? "",
        student.seconds.map(Format.duration) ?? "",
      ])
    }
    return table.text
  }

  /// Means over seeds, nil where no student has several.
  var groupTable: String? {
    let groups = Self.groups(of: students).sorted { $0.evalLoss.mean < $1.evalLoss.mean }
    guard !groups.isEmpty else { return nil }
    var table = TextTable(["mean ± deviation over seeds", "seeds", "held-out loss", "accuracy"])
    for group in groups {
      table.add([
        group.name, "\(group.seeds)",
        "\(Format.fixed(group.evalLoss.mean, 4)) ± \(Format.fixed(group.evalLoss.deviation, 4))",
        "\(Format.percent(group.evalAccuracy.mean)) ± \(Format.percent(group.evalAccuracy.deviation))",
      ])
    }
    return table.text
  }
}
