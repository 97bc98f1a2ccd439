import ArgumentParser
import Foundation
import LogitCache

/// A folder of caches, named at the command line or in the environment.
struct StoreOptions: ParsableArguments {
  @Option(help: "A folder of caches by fingerprint; PIPELINE_STORE where it is not given.")
  var store: String?

  /// The store, nil where none is named.
  var folder: URL? {
    let path = store ?? ProcessInfo.processInfo.environment["PIPELINE_STORE"] ?? ""
    return path.isEmpty ? nil : URL(argument: path)
  }

  /// The folder of a cache: a path, or what names it in the store.
  func cache(_ name: String) throws -> URL {
    let path = URL(argument: name)
    guard let folder, !FileManager.default.fileExists(atPath: path.path) else { return path }
    let matches = CachePlace.matches(name, store: folder)
    guard let match = matches.first else {
      throw CommandFailure(
        "'\(name)' is neither a folder nor a cache of the store \(folder.path); name a folder there, "
          + "or how a fingerprint begins")
    }
    guard matches.count == 1 else {
      throw CommandFailure(
        "'\(name)' may mean \(matches.count) caches of the store \(folder.path): "
          + matches.map(\.lastPathComponent).joined(separator: ", ") + "; give more of the name")
    }
    return match
  }
}
