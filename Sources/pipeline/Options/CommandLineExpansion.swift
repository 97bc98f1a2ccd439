import ArgumentParser
import Foundation

/// A command line into which the options of `--config` or `--resume` are put.
///
/// They stand before the user's own, without those that the user names: what is given at the command
/// line goes before the file, lists too.
struct CommandLineExpansion {
  /// The commands that take a configuration file.
  static let commands: [any ParsableCommand.Type] = [
    TrainStudentCommand.self, TrainTeacherCommand.self,
  ]
  /// The options that a run's folder keeps.
  static let runFile = "run.yaml"

  /// The arguments to parse.
  private(set) var arguments: [String]
  private var file: ConfigFile?

  /// Reads the file that the arguments name, where they name one.
  ///
  /// - Throws: `ValidationError`, `CommandFailure`.
  init(_ given: [String]) throws {
    arguments = given
    guard let type = Self.commands.first(where: { $0._commandName == given.first }) else { return }
    let words = given.dropFirst().prefix { $0 != "--" }
    let config = Self.value(of: "config", in: words)
    let resume = Self.value(of: "resume", in: words)
    var names = Set(words.filter { $0.hasPrefix("--") }.map(Self.name))
    if names.contains("help") { return }
    let file: ConfigFile
    switch (config, resume) {
    case (nil, nil): return
    case (let config?, nil): file = try ConfigFile(path: config)
    case (nil, let folder?):
      guard !names.contains("output") else {
        throw ValidationError("--resume goes on in the folder that it names; leave out --output")
      }
      file = try Self.options(ofRun: folder)
      arguments.insert("--output=\(folder)", at: 1)
      names.insert("output")
    case (_?, _?):
      throw ValidationError("--resume has the run's own options; leave out --config")
    }
    let options = CommandOptions(type)
    arguments.insert(
      contentsOf: try ConfigArguments.arguments(file, for: options, leavingOut: names), at: 1)
    self.file = file
  }

  /// Says where an option is from, in a parser's message about it.
  func explain(_ error: any Error) -> any Error {
    guard let file else { return error }
    let message = Pipeline.message(for: error)
    let words = message.split { !$0.isLetter && !$0.isNumber && $0 != "-" }
    let given = Set(words.filter { $0.hasPrefix("--") }.map { String($0.dropFirst(2)) })
    guard Pipeline.exitCode(for: error) != .success,
      let entry = file.entries.first(where: { given.contains($0.key) })
    else { return error }
    return file.failure(entry, message)
  }

  private static func options(ofRun folder: String) throws -> ConfigFile {
    let path = folder.hasSuffix("/") ? folder + runFile : "\(folder)/\(runFile)"
    guard !FileManager.default.fileExists(atPath: path) else { return try ConfigFile(path: path) }
    guard FileManager.default.fileExists(atPath: "\(folder)/run.json") else {
      throw CommandFailure("'\(folder)' holds no run to go on with: it has no \(runFile)")
    }
    throw CommandFailure(
      "'\(folder)' has no \(runFile), since its run was begun before there was one: give the command "
        + "that began it again")
  }

  private static func name(_ word: String) -> String {
    String(word.dropFirst(2).prefix { $0 != "=" })
  }

  /// The value of an option in either spelling, the last one.
  private static func value(of name: String, in words: ArraySlice<String>) -> String? {
    var value: String?
    for (index, word) in zip(words.indices, words) {
      if word.hasPrefix("--\(name)=") { value = String(word.dropFirst(name.count + 3)) }
      if word == "--\(name)", index + 1 < words.endIndex { value = words[index + 1] }
    }
    return value
  }
}
