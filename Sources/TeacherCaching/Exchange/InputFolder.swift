package import Corpus
package import Foundation
package import LogitCache

/// What `inputs.json` says: which sequences a teacher in another program reads, and how corrupted.
package struct InputDescription: Codable, Hashable, Sendable {
  /// Version of the folder's layout.
  package static let currentVersion = 1
  /// The file's name.
  package static let fileName = "inputs.json"

  /// Version of the layout.
  package var formatVersion: Int
  /// SHA-256 of the tokenized corpus.
  package var corpusDigest: String
  /// SHA-256 of what determines tokenization.
  package var tokenizerDigest: String
  /// Number of token IDs.
  package var vocabSize: Int
  /// How the sequences are corrupted.
  package var masks: MaskSpecification
  /// Which positions keep a target.
  package var positions: PositionSelection
  /// For the positions `masked+share`, the share of the others.
  package var otherShare: Double?

  /// Describes the inputs of a corpus.
  package init(
    corpus: CorpusManifest, masks: MaskSpecification, positions: PositionSelection,
    otherShare: Double? = nil
  ) {
    formatVersion = Self.currentVersion
    corpusDigest = corpus.digest
    tokenizerDigest = corpus.tokenizerDigest
    vocabSize = corpus.vocabSize
    self.masks = masks
    self.positions = positions
    self.otherShare = otherShare
  }

  /// Which positions keep a target, under a masker of the same masks; all keep the same.
  func rule(_ masker: Masker) -> MaskingRule {
    MaskingRule(
      masker: masker, selection: positions, otherShare: otherShare, hasClasses: false)
  }

  /// Reads the file of a folder.
  ///
  /// - Throws: `LogitCacheError.badImport`.
  package static func read(folder: URL) throws -> InputDescription {
    let file = folder.appending(path: fileName)
    guard let data = try? Data(contentsOf: file) else {
      throw LogitCacheError.badImport(
        file: file.path,
        reason: "missing. 'pipeline cache inputs' writes it; copy it beside the soft targets.")
    }
    let description: InputDescription
    do {
      description = try JSONDecoder().decode(InputDescription.self, from: data)
    } catch {
      throw LogitCacheError.badImport(
        file: file.path, reason: "not what 'pipeline cache inputs' writes: \(error)")
    }
    guard description.formatVersion == currentVersion else {
      throw LogitCacheError.badImport(
        file: file.path,
        reason: "format version \(description.formatVersion), this program reads "
          + "\(currentVersion)")
    }
    return description
  }

  /// Checks that the inputs are those of a corpus.
  ///
  /// - Throws: `LogitCacheError.mismatch`.
  package func check(_ corpus: CorpusManifest, folder: URL) throws {
    let differences = [
      ("tokenizerDigest", corpus.tokenizerDigest, tokenizerDigest),
      ("vocabSize", "\(corpus.vocabSize)", "\(vocabSize)"),
      ("masks.vocabSize", "\(corpus.vocabSize)", "\(masks.vocabSize)"),
      ("corpusDigest", corpus.digest, corpusDigest),
    ].filter { $0.1 != $0.2 }
    if !differences.isEmpty {
      throw LogitCacheError.mismatch(
        folder: folder.path,
        differences: differences.map {
          FieldDifference(field: $0.0, expected: $0.1, found: $0.2)
        })
    }
  }
}

/// Blocks of one replica and one corpus shard that lie in one file of an exchange.
struct BlockGroup {
  let replica: Int
  /// Corpus-wide number of the first block.
  let firstBlock: Int
  let blocks: Int

  /// The groups of all shards, replica by replica.
  static func all(blocksPerShard: [Int], replicas: Int, blocksPerFile: Int) -> [BlockGroup] {
    var groups: [BlockGroup] = []
    for replica in 0..<replicas {
      var first = 0
      for count in blocksPerShard {
        for start in stride(from: 0, to: count, by: blocksPerFile) {
          groups.append(
            BlockGroup(
              replica: replica, firstBlock: first + start,
              blocks: min(blocksPerFile, count - start)))
        }
        first += count
      }
    }
    return groups
  }

  /// A file's name without its ending.
  func name(_ prefix: String) -> String {
    func digits(_ number: Int) -> String {
      let text = "\(number)"
      return String(repeating: "0", count: max(0, 5 - text.count)) + text
    }
    return "\(prefix)-\(digits(replica))-\(digits(firstBlock))"
  }
}
