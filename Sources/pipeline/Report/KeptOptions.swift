import Foundation

/// What the `run.yaml` of runs says of the text and the cache that they used.
struct KeptOptions {
  private let entries: [ConfigEntry]

  /// Reads the first of some paths that is a run, or a folder of runs, with its options.
  init(runs: [String]) {
    let folders = runs.lazy.flatMap { path in
      let folder = URL(argument: path)
      let inner = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
      return [folder] + inner.sorted().map { folder.appending(path: $0) }
    }
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
