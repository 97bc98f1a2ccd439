import ArgumentParser

/// What a configuration file says, as command-line arguments.
package enum ConfigArguments {
  /// Turns entries into arguments.
  ///
  ///     layers: 3                 --layers=3
  ///     from-cache: [a, b]        --from-cache=a --from-cache=b
  ///     init-layers: [0, 2]       --init-layers=0,2
  ///     hard-labels: true         --hard-labels
  ///
  /// - Parameters:
  ///   - file: The entries, and the name that messages give.
  ///   - options: The options of the command.
  ///   - given: Names of options that stand at the command line; they are left out here, lists too.
  /// - Returns: The arguments, in the order of the file.
  /// - Throws: `ValidationError` with file, line, key and the nearest known key.
  package static func arguments(
    _ file: ConfigFile, for options: CommandOptions, leavingOut given: Set<String> = []
  ) throws -> [String] {
    var seen: [String: String] = [:]
    return try file.entries.flatMap { entry -> [String] in
      guard let option = options.option(entry.key) else {
        let near = options.nearest(to: entry.key).map { "; did you mean '\($0)'?" } ?? ""
        throw file.failure(entry, "'\(options.command)' has no such option\(near)")
      }
      if let other = seen.updateValue(entry.key, forKey: option.name) {
        throw file.failure(entry, "is the same option as '\(other)'")
      }
      let words = try words(entry, option, options, file)
      return given.isDisjoint(with: option.names) ? words : []
    }
  }

  private static func words(
    _ entry: ConfigEntry, _ option: CommandOptions.Option, _ options: CommandOptions,
    _ file: ConfigFile
  ) throws -> [String] {
    func text(_ value: ConfigValue) throws -> String {
      guard case .scalar(let text) = value else {
        throw file.failure(entry, "takes a value or a list of values, nothing deeper")
      }
      return text
    }
    switch entry.value {
    case .null: return []
    case .mapping: throw file.failure(entry, "takes a value, not a mapping")
    case .scalar(let text) where option.isFlag:
      switch text.lowercased() {
      case "true", "yes", "on": return ["--\(entry.key)"]
      case "false", "no", "off":
        let inverse = "no-\(entry.key)"
        return options.option(inverse) == nil ? [] : ["--\(inverse)"]
      default: throw file.failure(entry, "is a switch: true or false, not '\(text)'")
      }
    case .list where option.isFlag: throw file.failure(entry, "is a switch: true or false")
    // With '=', so that a value may begin with a dash.
    case .scalar(let text): return ["--\(entry.key)=\(text)"]
    case .list(let values):
      let texts = try values.map(text)
      if option.isRepeating { return texts.map { "--\(entry.key)=\($0)" } }
      return texts.isEmpty ? [] : ["--\(entry.key)=\(texts.joined(separator: ","))"]
    }
  }
}
