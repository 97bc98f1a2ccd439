import ArgumentParser
import Foundation

/// The options of a command as they turned out, defaults written out: what `run.yaml` holds.
struct ResolvedOptions {
  /// What says how much is shown and where options are from; another call chooses that anew.
  private static let left: Set = ["config", "resume", "quiet", "json"]

  private(set) var entries: [ConfigEntry] = []

  /// Takes what a parsed command has for each of its options.
  init(_ command: some ParsableCommand) {
    let options = CommandOptions(type(of: command)).options
    var values: [(label: String, value: Any)] = []
    Self.collect(command, into: &values)
    values.removeAll { Self.left.contains(Self.dashed($0.label)) }
    // Options of another name than their property's are matched by their order.
    let named = options.filter { !Self.left.contains($0.name) }
    let labels = Set(values.map { Self.dashed($0.label) })
    var unmatched = named.filter { labels.isDisjoint(with: $0.names) }[...]
    entries = values.compactMap { label, value in
      let name = Self.dashed(label)
      let option = named.first { $0.names.contains(name) } ?? unmatched.popFirst()
      return option.map { ConfigEntry($0.name, Self.config(value)) }
    }
  }

  /// Replaces the value of an option; nil leaves it out.
  ///
  /// - Precondition: The command has the option.
  mutating func set(_ name: String, _ value: (any CustomStringConvertible)?) {
    set(name, value.map { .scalar($0.description) } ?? .null)
  }

  /// Replaces the values of an option that may be given several times.
  mutating func set(_ name: String, _ values: [String]) {
    set(name, .list(values.map { .scalar($0) }))
  }

  /// Makes paths absolute, so that the file means the same in every working directory.
  mutating func setPath(_ name: String, _ path: String?) {
    set(name, path.map { URL(argument: $0).path })
  }

  /// The text of a configuration file, with a first line of comment.
  func text(command: String) throws -> String {
    let given = entries.filter { $0.value != .null && $0.value != .list([]) }
    return "# The options of this run: 'pipeline \(command) --config' repeats it, with --output "
      + "elsewhere.\n" + (try ConfigFile.text(given))
  }

  private mutating func set(_ name: String, _ value: ConfigValue) {
    guard let index = entries.firstIndex(where: { $0.key == name }) else {
      preconditionFailure("the command has no option '\(name)'")
    }
    entries[index].value = value
  }

  private static func collect(_ value: Any, into values: inout [(label: String, value: Any)]) {
    for child in Mirror(reflecting: value).children {
      if let group = child.value as? any OptionGroupValue {
        collect(group.anyValue, into: &values)
      } else if let option = child.value as? any OptionValue, let label = child.label {
        values.append((String(label.drop { $0 == "_" }), option.anyValue))
      }
    }
  }

  private static func config(_ value: Any) -> ConfigValue {
    let mirror = Mirror(reflecting: value)
    if mirror.displayStyle == .optional {
      return mirror.children.first.map { config($0.value) } ?? .null
    }
    if mirror.displayStyle == .collection {
      return .list(mirror.children.map { config($0.value) })
    }
    let text = (value as? any ExpressibleByArgument)?.defaultValueDescription
    return .scalar(text ?? "\(value)")
  }

  /// `batchTokens` as `batch-tokens`.
  private static func dashed(_ label: String) -> String {
    label.reduce(into: "") { name, letter in
      name += letter.isUppercase ? "-\(letter.lowercased())" : "\(letter)"
    }
  }
}

/// A property wrapper that holds an option's value.
private protocol OptionValue {
  var anyValue: Any { get }
}

/// A property wrapper that holds a group of options.
private protocol OptionGroupValue {
  var anyValue: Any { get }
}

extension Option: OptionValue {
  fileprivate var anyValue: Any { wrappedValue }
}

extension Flag: OptionValue {
  fileprivate var anyValue: Any { wrappedValue }
}

extension OptionGroup: OptionGroupValue {
  fileprivate var anyValue: Any { wrappedValue }
}
