import Foundation

/// A folder that a command makes as a whole.
enum NewFolder {
  /// The URL of a command-line argument where nothing is.
  ///
  /// - Throws: `CommandFailure`.
  static func url(_ path: String) throws -> URL {
    let url = URL(argument: path)
    if FileManager.default.fileExists(atPath: url.path) {
      throw CommandFailure("\(path) is there already; name a new folder, or delete it")
    }
    return url
  }
}
