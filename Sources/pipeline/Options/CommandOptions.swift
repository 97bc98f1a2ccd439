package import ArgumentParser
import Foundation

/// The options of a command by their long names: what may stand in a configuration file of it.
package struct CommandOptions: Sendable {
  /// One option.
  package struct Option: Sendable, Equatable {
    /// Its long names without dashes; the first is what messages and files say.
    package var names: [String]
    /// True where it takes no value.
    package var isFlag: Bool
    /// True where it may be given several times.
    package var isRepeating: Bool

    /// An option that takes one value, unless told otherwise.
    package init(_ names: [String], isFlag: Bool = false, isRepeating: Bool = false) {
      self.names = names
      self.isFlag = isFlag
      self.isRepeating = isRepeating
    }

    /// The first name.
    package var name: String { names.first ?? "" }
  }

  /// Options that say where options come from, and so cannot come from a file.
  private static let outside: Set = ["config", "resume", "help", "version"]

  /// The command's name.
  package let command: String
  /// The options, in the order of the help.
  package let options: [Option]

  /// Options that are named one by one.
  package init(command: String, options: [Option]) {
    self.command = command
    self.options = options
  }

  /// The options that a command declares.
  package init(_ command: any ParsableCommand.Type) {
    // The description that the parser gives to programs that complete or document command lines.
    let help = try? JSONDecoder().decode(Help.self, from: Data(command._dumpHelp().utf8))
    guard let help else { preconditionFailure("ArgumentParser describes no command") }
    self.command = help.command.commandName
    options = (help.command.arguments ?? []).compactMap { argument in
      let long = (argument.names ?? []).filter { $0.kind == "long" }.map(\.name)
      guard argument.kind != "positional", Self.outside.isDisjoint(with: long), !long.isEmpty else {
        return nil
      }
      // The parser prefers one name in its help; a file says that one too.
      let preferred = long.filter { $0 == argument.preferredName?.name }
      return Option(
        preferred + long.filter { !preferred.contains($0) }, isFlag: argument.kind == "flag",
        isRepeating: argument.isRepeating)
    }
  }

  /// The option of a long name, or nil.
  package func option(_ name: String) -> Option? { options.first { $0.names.contains(name) } }

  /// The name that a mistyped one is nearest to, nil where none is near.
  package func nearest(to name: String) -> String? {
    let names = options.flatMap(\.names)
    let distances = names.map { (name: $0, distance: EditDistance.between($0, name)) }
    guard let best = distances.min(by: { $0.distance < $1.distance }),
      best.distance <= max(2, name.count / 3)
    else { return nil }
    return best.name
  }

  private struct Help: Decodable {
    struct Command: Decodable {
      let commandName: String
      let arguments: [Argument]?
    }
    struct Argument: Decodable {
      let kind: String
      let isRepeating: Bool
      let names: [Name]?
      let preferredName: Name?
    }
    struct Name: Decodable {
      let kind: String
      let name: String
    }
    let command: Command
  }
}

/// How many letters two words differ by.
enum EditDistance {
  /// Insertions, deletions and replacements that make one word the other.
  static func between(_ left: String, _ right: String) -> Int {
    let right = Array(right)
    var row = Array(0...right.count)
    for (index, letter) in left.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for (column, other) in right.enumerated() {
        let cost = letter == other ? diagonal : diagonal + 1
        diagonal = row[column + 1]
        row[column + 1] = min(cost, row[column] + 1, row[column + 1] + 1)
      }
    }
    return row[right.count]
  }
}
