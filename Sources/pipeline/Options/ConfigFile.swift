import ArgumentParser
import Foundation
import Yams

/// A value of a configuration file, as it is written there: `5e-4` stays `5e-4`.
package enum ConfigValue: Equatable, Sendable {
  /// Nothing: `~`, `null`, or no value at all.
  case null
  /// A number, a text, `true` or `false`.
  case scalar(String)
  /// Values in their order.
  case list([ConfigValue])
  /// Keys with their values, in the order of the file.
  case mapping([ConfigEntry])
}

/// A key of a configuration file with its value.
package struct ConfigEntry: Equatable, Sendable {
  /// The key.
  package var key: String
  /// Its value.
  package var value: ConfigValue
  /// The line of the key, from 1; 0 where it is from no file.
  package var line: Int

  /// An entry; one that is from no file has no line.
  package init(_ key: String, _ value: ConfigValue, line: Int = 0) {
    self.key = key
    self.value = value
    self.line = line
  }
}

/// A YAML file whose top level is a mapping: the only reader and writer of such files.
package struct ConfigFile: Sendable {
  /// The file as it was named.
  package let path: String
  /// Its keys, in their order.
  package let entries: [ConfigEntry]

  /// Values that a file may hold once its aliases are written out.
  private static let valueLimit = 100_000

  /// Reads a file.
  ///
  /// - Throws: `CommandFailure` where it cannot be read, `ValidationError` with the line where it is no
  ///   YAML or no mapping of texts.
  package init(path: String) throws {
    guard let data = try? Data(contentsOf: URL(filePath: path)) else {
      throw CommandFailure(
        "cannot read the file '\(path)': it is missing, a folder, or not readable")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw ValidationError("'\(path)' is not UTF-8 text")
    }
    try self.init(text: text, path: path)
  }

  /// Entries of a part of a file.
  package init(path: String, entries: [ConfigEntry]) {
    self.path = path
    self.entries = entries
  }

  /// Reads text as if it stood in a file.
  package init(text: String, path: String) throws {
    self.path = path
    do {
      var left = Self.valueLimit
      switch try Yams.compose(yaml: text).map({ try Self.value($0, path: path, left: &left) }) {
      case nil, .null: entries = []
      case .mapping(let entries): self.entries = entries
      case .scalar, .list: throw ValidationError("'\(path)' is no mapping of 'option: value' lines")
      }
    } catch let error as YamlError {
      throw ValidationError("'\(path)' is not YAML: \(Self.message(error))")
    }
  }

  /// A message about a place in the file.
  func failure(_ entry: ConfigEntry, _ reason: String) -> ValidationError {
    ValidationError("\(path), line \(entry.line), '\(entry.key)': \(reason)")
  }

  /// The text of a file that reads as these entries.
  ///
  /// - Throws: what the YAML writer throws.
  package static func text(_ entries: [ConfigEntry]) throws -> String {
    guard !entries.isEmpty else { return "" }
    return try Yams.serialize(node: node(.mapping(entries)), width: -1, allowUnicode: true)
  }

  private static func value(_ node: Node, path: String, left: inout Int) throws -> ConfigValue {
    left -= 1
    guard left > 0 else {
      throw ValidationError("'\(path)' holds more than \(valueLimit) values")
    }
    switch node {
    case .scalar(let scalar):
      let isPlain = scalar.style == .plain || scalar.style == .any
      return isPlain && isNull(scalar.string) ? .null : .scalar(scalar.string)
    case .sequence(let sequence):
      return .list(try sequence.map { try value($0, path: path, left: &left) })
    case .mapping(let mapping):
      return .mapping(
        try mapping.map { key, value in
          let line = key.mark?.line ?? 0
          guard case .scalar(let name) = key else {
            throw ValidationError("\(path), line \(line): a key is no text")
          }
          return ConfigEntry(
            name.string, try self.value(value, path: path, left: &left), line: line)
        })
    case .alias: throw ValidationError("'\(path)' has an alias of nothing")
    }
  }

  private static func node(_ value: ConfigValue) -> Node {
    switch value {
    case .null: Node("null")
    case .scalar(let text):
      Node(text, .implicit, isNull(text) ? .singleQuoted : .any)
    case .list(let values): Node(values.map(node), .implicit, .flow)
    case .mapping(let entries):
      Node(entries.map { (node(.scalar($0.key)), node($0.value)) }, .implicit, .block)
    }
  }

  private static func isNull(_ text: String) -> Bool {
    ["", "~", "null", "Null", "NULL"].contains(text)
  }

  private static func message(_ error: YamlError) -> String {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return "line \(mark.line), column \(mark.column): \(problem)"
    case .duplicatedKeysInMapping(let duplicates, let context):
      let names = duplicates.sorted().map { "'\($0)'" }.joined(separator: ", ")
      return "\(names) stands twice in the mapping of line \(context.mark.line)"
    default:
      return "\(error)".split(separator: "\n").joined(separator: " ")
    }
  }
}
