import ArgumentParser
import Foundation
import LogitCache

/// A folder of caches: named, or `--store`, or `PIPELINE_STORE`.
struct StoreArgument: ParsableArguments {
  @Argument(help: "A folder that holds caches; --store and PIPELINE_STORE say where it is else.")
  var folder: String?

  @Option(help: "A folder that holds caches; the default is PIPELINE_STORE.")
  var store: String?

  func validate() throws {
    if folder != nil && store != nil {
      throw ValidationError("name the folder of caches once, as an argument or with --store")
    }
    _ = try path()
  }

  /// The path, as it was given.
  func path() throws -> String {
    let variable = ProcessInfo.processInfo.environment["PIPELINE_STORE"]
    guard let path = folder ?? store ?? variable, !path.isEmpty else {
      throw ValidationError("name a folder of caches, or set PIPELINE_STORE")
    }
    return path
  }

  /// The store.
  func open() throws -> CacheStore { try CacheStore(folder: URL(argument: try path())) }
}
