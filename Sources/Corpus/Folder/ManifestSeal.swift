import Foundation
import ShardStore

/// The digest that a corpus's manifest carries of its own text, so that no other number in it is
/// believed.
///
/// It covers the file without the one line that holds it. Manifests of older versions have none.
enum ManifestSeal {
  private static let field = "manifestDigest"
  private static let lineStart = Array("  \"\(field)\" : ".utf8)
  private static let lineFeed: UInt8 = 0x0A

  /// A manifest's text with its digest.
  static func text(of manifest: CorpusManifest) throws -> Data {
    let bare = try text(Sealed(manifest: manifest, digest: nil))
    return try text(Sealed(manifest: manifest, digest: ContentDigest.bytes(Array(bare))))
  }

  /// Compares the digest of a manifest's text with the one in it, where there is one.
  ///
  /// - Throws: What `bad` makes of the difference.
  static func check(_ data: Data, _ bad: (String) -> CorpusError) throws {
    let lines = data.split(separator: lineFeed, omittingEmptySubsequences: false)
    guard let index = lines.firstIndex(where: { $0.starts(with: lineStart) }) else { return }
    var rest = lines
    let line = rest.remove(at: index)
    let found = ContentDigest.bytes(Array(rest.joined(separator: [lineFeed])))
    let said = line.dropFirst(lineStart.count).filter { !Array("\", \r".utf8).contains($0) }
    guard said.elementsEqual(found.utf8) else {
      throw bad(
        "the field \(field) is \(String(decoding: said.prefix(64), as: UTF8.self)), "
          + "its text has \(found): something in it was changed")
    }
  }

  private static func text(_ sealed: Sealed) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    var data = try encoder.encode(sealed)
    data.append(lineFeed)
    return data
  }

  /// A manifest's fields, and one more.
  private struct Sealed: Encodable {
    let manifest: CorpusManifest
    let digest: String?

    private enum Key: String, CodingKey {
      case manifestDigest
    }

    func encode(to encoder: any Encoder) throws {
      try manifest.encode(to: encoder)
      var values = encoder.container(keyedBy: Key.self)
      try values.encodeIfPresent(digest, forKey: .manifestDigest)
    }
  }
}
