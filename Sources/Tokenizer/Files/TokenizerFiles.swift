import Foundation

/// The names of a tokenizer's files, and reading them.
enum TokenizerFiles {
  static let vocabulary = "vocab.txt"
  static let configuration = "tokenizer_config.json"
  static let specialTokens = "special_tokens_map.json"
  static let fastTokenizer = "tokenizer.json"

  /// The bytes of a file.
  ///
  /// - Throws: ``TokenizerError/missingFile(path:advice:)`` or
  ///   ``TokenizerError/unreadableFile(path:reason:)``.
  static func read(_ url: URL, advice: String) throws -> Data {
    guard FileManager.default.fileExists(atPath: url.path) else {
      throw TokenizerError.missingFile(path: url.path, advice: advice)
    }
    do {
      return try Data(contentsOf: url)
    } catch {
      throw TokenizerError.unreadableFile(path: url.path, reason: error.localizedDescription)
    }
  }

  /// The URL of a file of a folder, nil where it is missing.
  static func existing(_ name: String, in folder: URL) -> URL? {
    let url = folder.appending(path: name)
    return FileManager.default.fileExists(atPath: url.path) ? url : nil
  }
}
