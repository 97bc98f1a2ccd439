package import Foundation

/// A folder for one test, removed with the object.
package final class TemporaryFolder {
  /// The folder.
  package let url: URL

  /// Makes the folder, with text files of these names and contents.
  package init(_ files: [String: String] = [:]) throws {
    url = FileManager.default.temporaryDirectory.appending(
      path: "decant-\(UUID().uuidString)", directoryHint: .isDirectory)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    for (name, text) in files { try write(name, text) }
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// A file or folder in it, whether it is there or not.
  package func file(_ name: String) -> URL { url.appending(path: name) }

  /// Writes a file below the folder, and makes the folders above the file.
  @discardableResult
  package func write(_ name: String, _ bytes: some Collection<UInt8>) throws -> URL {
    let file = file(name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
    return file
  }

  /// Writes a file of text.
  @discardableResult
  package func write(_ name: String, _ text: String) throws -> URL {
    try write(name, Array(text.utf8))
  }
}
