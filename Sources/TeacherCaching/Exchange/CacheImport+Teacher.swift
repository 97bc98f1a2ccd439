package import Foundation
import LogitCache
import ShardStore

extension CacheImport {
  /// Who gave the logits, as its owner describes it: `teacher.json`.
  package struct Teacher: Codable, Hashable, Sendable {
    /// The file's name.
    package static let fileName = "teacher.json"

    /// For example `bert-large-uncased`.
    package var name: String
    /// What tells its weights from others, best their SHA-256.
    package var digest: String
    /// Width of the hidden states.
    package var hiddenSize: Int
    /// Number of layers.
    package var layers: Int
    /// The arithmetic of its run, such as `bf16`.
    package var precision: String

    /// A teacher of those values.
    package init(
      name: String, digest: String, hiddenSize: Int, layers: Int, precision: String
    ) {
      self.name = name
      self.digest = digest
      self.hiddenSize = hiddenSize
      self.layers = layers
      self.precision = precision
    }

    private enum CodingKeys: String, CodingKey {
      case name, digest, layers, precision
      case hiddenSize = "hidden_size"
    }

    /// Reads the file of a folder.
    ///
    /// - Throws: `LogitCacheError.badImport`.
    package static func read(folder: URL) throws -> Teacher {
      if let reason = FolderKind.reasonOfNoFolder(folder) {
        throw LogitCacheError.badImport(file: folder.path, reason: "\(reason).")
      }
      let file = folder.appending(path: fileName)
      do {
        return try JSONDecoder().decode(Teacher.self, from: Data(contentsOf: file))
      } catch {
        throw LogitCacheError.badImport(
          file: file.path,
          reason: "missing, or not JSON of name, digest, hidden_size, layers and precision: write "
            + "it, or give all --teacher options.")
      }
    }
  }
}
