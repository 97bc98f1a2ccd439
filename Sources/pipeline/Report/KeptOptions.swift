import Foundation
import Report

/// What the `run.yaml` of runs says of the text and the cache that they used.
struct KeptOptions {
  private let entries: [ConfigEntry]

  /// Reads the options of the first run that has a cache, or else of the first that has any.
  ///
  /// - Parameter runs: Paths of runs, or of folders that hold runs.
  init(runs: [String]) {
    let folders = runs.lazy.flatMap { RunRecord.folders(in: URL(argument: $0)) }
    let found = folders.lazy.compactMap { folder in
      try? ConfigFile(path: folder.appending(path: CommandLineExpansion.runFile).path).entries
    }
    entries = found.first { $0.contains { $0.key == "from-cache" } } ?? found.first ?? []
  }

  /// The file or folder that an option names, the first of several, where it is there.
  func existing(_ option: String) -> String? {
    guard let path = text(option), FileManager.default.fileExists(atPath: path) else { return nil }
    return path
  }

  /// The number that an option gives.
  func number(_ option: String) -> Int? { text(option).flatMap { Int($0) } }

  private func text(_ option: String) -> String? {
    var value = entries.first { $0.key == option }?.value
    if case .list(let values) = value { value = values.first }
    if case .scalar(let text) = value { return text }
    return nil
  }
}
