import ArgumentParser
import Foundation

/// The students of a sweep, from its file.
///
///     base:                       # options of every student
///       from-cache: cache
///     grid:                       # a student for each combination
///       layers: [2, 4]
///       seed: [1, 2, 3]
///     students:                   # and these, each with a grid of its own where it has one
///       - name: hard
///         hard-labels: true
///         grid: {seed: [1, 2, 3]}
package struct SweepPlan: Sendable {
  /// One student.
  package struct Student: Sendable, Equatable {
    /// Its name, which is its folder's.
    package var name: String
    /// What distinguishes it: options and values of the grid and of its own, in their order.
    package var settings: [Setting]
    /// All its options.
    package var options: [ConfigEntry]
    /// The name that it shares with the students that differ in their seed alone.
    package var group: String
  }

  /// An option with the text of its value.
  package struct Setting: Sendable, Equatable {
    /// The option's name.
    package var option: String
    /// The value, as a file or a command line writes it.
    package var value: String

    /// A setting.
    package init(_ option: String, _ value: String) {
      self.option = option
      self.value = value
    }
  }

  /// The students, in the order of the file.
  package let students: [Student]

  /// Options in which students differ, in the order of the file.
  package var columns: [String] {
    students.flatMap { $0.settings.map(\.option) }.reduce(into: []) {
      if !$0.contains($1) { $0.append($1) }
    }
  }

  /// More students than this are a slip of the pen.
  private static let limit = 10_000
  /// Options that a sweep gives itself.
  private static let own: Set = ["output"]

  private let file: ConfigFile
  private let options: CommandOptions

  /// Reads the plan of a file.
  ///
  /// - Parameters:
  ///   - file: The file.
  ///   - options: The options that a student takes.
  /// - Throws: `ValidationError` with the line, where the file is no sweep's; where two students have
  ///   one name or are the same.
  package init(_ file: ConfigFile, options: CommandOptions) throws {
    (self.file, self.options) = (file, options)
    var (base, points): ([ConfigEntry], [[ConfigEntry]]?) = ([], nil)
    var listed: [(entry: ConfigEntry, students: [ConfigValue])] = []
    let reader = Reader(file: file, options: options)
    for entry in file.entries {
      switch (entry.key, entry.value) {
      case ("base", .mapping(let entries)): base = try reader.options(entries)
      case ("grid", .mapping(let entries)): points = try reader.product(entries, of: entry)
      case ("students", .list(let values)): listed.append((entry, values))
      case ("base", .null), ("students", .null), ("grid", .null): continue
      case ("base", _), ("grid", _): throw file.failure(entry, "takes 'option: value' lines")
      case ("students", _): throw file.failure(entry, "takes a list of students")
      default:
        throw file.failure(entry, "a sweep has 'base', 'grid' and 'students', nothing else")
      }
    }
    var students = try (points ?? []).map { try reader.student(base: base, name: nil, own: [], $0) }
    for (entry, values) in listed {
      for value in values {
        students += try reader.listed(value, entry: entry, base: base)
        try Self.checkCount(students.count, file)
      }
    }
    try Self.checkCount(students.count, file)
    guard !students.isEmpty else {
      throw ValidationError("'\(file.path)' names no student: give 'grid:' or 'students:'")
    }
    try Self.checkNames(students, file)
    self.students = students
  }

  /// The command line of a student, without its folder.
  ///
  /// - Throws: `ValidationError` with the line.
  package func arguments(_ student: Student) throws -> [String] {
    try ConfigArguments.arguments(
      ConfigFile(path: file.path, entries: student.options), for: options)
  }

  private static func checkCount(_ count: Int, _ file: ConfigFile) throws {
    guard count <= limit else {
      throw ValidationError("'\(file.path)' has more than \(limit) students")
    }
  }

  private static func checkNames(_ students: [Student], _ file: ConfigFile) throws {
    var seen: [String: Student] = [:]
    for student in students {
      guard let other = seen.updateValue(student, forKey: student.name) else { continue }
      func text(_ student: Student) -> String {
        student.settings.map { "\($0.option): \($0.value)" }.joined(separator: ", ")
      }
      throw ValidationError(
        other.settings == student.settings
          ? "'\(file.path)' has the student '\(student.name)' twice"
          : "'\(file.path)' has two students '\(student.name)', one of \(text(other)) and one of "
            + "\(text(student)): give one a 'name:'")
    }
  }

  /// Reads the parts of a file.
  fileprivate struct Reader {
    let file: ConfigFile
    let options: CommandOptions

    /// Checked options, by their first names.
    func options(_ entries: [ConfigEntry]) throws -> [ConfigEntry] {
      _ = try ConfigArguments.arguments(
        ConfigFile(path: file.path, entries: entries), for: options)
      return try entries.map { entry in
        var entry = entry
        guard !SweepPlan.own.contains(entry.key) else {
          throw file.failure(entry, "a sweep gives every student a folder of its own")
        }
        entry.key = options.option(entry.key)?.name ?? entry.key
        return entry
      }
    }

    /// Every combination of the values of options.
    func product(_ entries: [ConfigEntry], of grid: ConfigEntry) throws -> [[ConfigEntry]] {
      var points: [[ConfigEntry]] = [[]]
      guard !entries.isEmpty else { throw file.failure(grid, "has no option") }
      for entry in entries {
        guard case .list(let values) = entry.value, !values.isEmpty else {
          throw file.failure(entry, "takes a list of values in a grid, such as [1, 2]")
        }
        let choices = try values.map { value in
          try options([ConfigEntry(entry.key, value, line: entry.line)])[0]
        }
        guard Set(choices.map { SweepPlan.text($0.value) }).count == choices.count else {
          throw file.failure(entry, "has a value twice")
        }
        guard points.count * choices.count <= SweepPlan.limit else {
          throw file.failure(entry, "makes more than \(SweepPlan.limit) students")
        }
        points = points.flatMap { point in choices.map { point + [$0] } }
      }
      // Two names of one option.
      for point in points.prefix(1) { _ = try options(point) }
      return points
    }

    /// The students of an entry of the list.
    func listed(_ value: ConfigValue, entry: ConfigEntry, base: [ConfigEntry]) throws -> [Student] {
      guard case .mapping(let entries) = value else {
        throw file.failure(entry, "takes students of 'option: value' lines")
      }
      var (name, points): (String?, [[ConfigEntry]]) = (nil, [[]])
      var own: [ConfigEntry] = []
      for entry in entries {
        switch (entry.key, entry.value) {
        case ("name", .scalar(let text)):
          guard StudentName.isSafe(text) else {
            throw file.failure(
              entry,
              "'\(text)' is no folder's name here: letters, digits and . _ - + = , of at most "
                + "\(StudentName.limit) characters, the first a letter or digit")
          }
          name = text
        case ("grid", .mapping(let grid)): points = try product(grid, of: entry)
        case ("name", _): throw file.failure(entry, "takes a text")
        case ("grid", _): throw file.failure(entry, "takes 'option: [values]' lines")
        default: own.append(entry)
        }
      }
      let checked = try options(own)
      return try points.map { try student(base: base, name: name, own: checked, $0) }
    }

    /// A student of a point of a grid.
    func student(
      base: [ConfigEntry], name: String?, own: [ConfigEntry], _ point: [ConfigEntry]
    ) throws -> Student {
      let chosen = own.filter { entry in !point.contains { $0.key == entry.key } } + point
      let settings = chosen.map { Setting($0.key, SweepPlan.text($0.value)) }
      // What a name stands for need not be in it.
      let named = name == nil ? settings : point.map { Setting($0.key, SweepPlan.text($0.value)) }
      let merged = base.filter { entry in !chosen.contains { $0.key == entry.key } } + chosen
      return Student(
        name: StudentName.make(name, named), settings: settings,
        options: merged.filter { $0.value != .null },
        group: StudentName.make(name, named.filter { $0.option != "seed" }))
    }
  }

  /// A value as text.
  static func text(_ value: ConfigValue) -> String {
    switch value {
    case .null: ""
    case .scalar(let text): text
    case .list(let values): values.map(text).joined(separator: ",")
    case .mapping(let entries): entries.map { "\($0.key)=\(text($0.value))" }.joined(separator: ",")
    }
  }
}
