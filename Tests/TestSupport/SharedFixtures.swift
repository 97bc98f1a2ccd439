package import Foundation

/// Locates the reference data beside the repository (`../shared`), which tests may read.
package enum SharedFixtures {
  /// The repository's root folder, found from this source file.
  package static let repository = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The folder `../shared`, wherever the repository was cloned.
  package static let root = repository.deletingLastPathComponent().appending(path: "shared")

  /// The URL of a file below `../shared`, or nil where it is missing.
  package static func url(_ path: String) -> URL? {
    let url = root.appending(path: path)
    return FileManager.default.fileExists(atPath: url.path) ? url : nil
  }

  /// True where `../shared` is there; for `.enabled(if:)` of a test that needs it.
  package static var available: Bool { url("fixtures") != nil }
}
