package import Foundation
import ShardStore

extension CorpusManifest {
  /// The largest manifest that is read; far above that of any real corpus.
  private static let limitBytes = 1 << 28

  /// Reads and checks the manifest of a corpus folder.
  ///
  /// - Throws: `CorpusError.notACorpus` where there is none, `.unreadable`, `.badManifest`.
  package static func read(folder: URL) throws -> CorpusManifest {
    let url = folder.appending(path: fileName)
    var status = stat()
    guard stat(url.path, &status) == 0 else {
      guard errno == ENOENT || errno == ENOTDIR else {
        throw CorpusError.unreadable(file: url.path, reason: systemMessage(errno))
      }
      throw CorpusError.notACorpus(folder: folder.path)
    }
    func bad(_ reason: String) -> CorpusError { .badManifest(file: url.path, reason: reason) }
    let data: Data
    do {
      data = try AtomicFile.read(url, mostBytes: limitBytes)
    } catch ShardStoreError.unreadable(let file, let reason) {
      throw CorpusError.unreadable(file: file, reason: reason)
    }
    struct Version: Decodable {
      let formatVersion: Int
      /// Of a logit cache's manifest.
      let fingerprint: String?
    }
    do {
      let decoder = JSONDecoder()
      // The version first: a later format may lack the other fields.
      let found = try decoder.decode(Version.self, from: data)
      if found.fingerprint != nil {
        throw bad("it is that of a logit cache; name the corpus from which that was made")
      }
      let version = found.formatVersion
      guard version == currentVersion else {
        throw bad("its format version is \(version), this program reads \(currentVersion)")
      }
      let manifest = try decoder.decode(CorpusManifest.self, from: data)
      if let contradiction = manifest.contradiction() {
        throw bad(contradiction)
      }
      // Last, so that an error names the field where a rule finds it.
      try ManifestSeal.check(data, bad)
      return manifest
    } catch let error as DecodingError {
      throw bad(describe(error))
    }
  }

  /// Writes the manifest into a folder, whole or not at all.
  ///
  /// - Throws: `ShardStoreError` where it cannot be written.
  func write(folder: URL) throws {
    try AtomicFile.write(
      try ManifestSeal.text(of: self), to: folder.appending(path: CorpusManifest.fileName))
  }

  private static func describe(_ error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, let context):
      return "the field \(path(context.codingPath + [key])) is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      return "the field \(path(context.codingPath)) has another type"
    case .dataCorrupted(let context) where context.codingPath.isEmpty:
      return "it is not JSON"
    case .dataCorrupted(let context):
      return "the field \(path(context.codingPath)) is not usable"
    @unknown default:
      return "\(error)"
    }
  }

  private static func path(_ keys: [any CodingKey]) -> String {
    keys.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
  }
}
