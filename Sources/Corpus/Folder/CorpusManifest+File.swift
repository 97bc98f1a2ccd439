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
    guard status.st_size <= limitBytes else {
      throw bad("it has \(status.st_size) bytes, more than \(limitBytes)")
    }
    let data: Data
    do {
      data = try Data(contentsOf: url)
    } catch {
      throw CorpusError.unreadable(file: url.path, reason: error.localizedDescription)
    }
    struct Version: Decodable {
      let formatVersion: Int
    }
    do {
      let decoder = JSONDecoder()
      // The version first: a later format may lack the other fields.
      let version = try decoder.decode(Version.self, from: data).formatVersion
      guard version == currentVersion else {
        throw bad("its format version is \(version), this program reads \(currentVersion)")
      }
      let manifest = try decoder.decode(CorpusManifest.self, from: data)
      if let contradiction = manifest.contradiction() {
        throw bad(contradiction)
      }
      return manifest
    } catch let error as DecodingError {
      throw bad(describe(error))
    }
  }

  /// Writes the manifest into a folder, whole or not at all.
  ///
  /// - Throws: `ShardStoreError` where it cannot be written.
  func write(folder: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    var data = try encoder.encode(self)
    data.append(0x0A)
    try AtomicFile.write(data, to: folder.appending(path: CorpusManifest.fileName))
  }

  /// The first thing in which the manifest contradicts itself or leaves its ranges, or nil.
  func contradiction() -> String? {
    do {
      try options.validate()
    } catch {
      return "\(error)"
    }
    guard (1...Int(Int32.max)).contains(vocabSize) else { return "vocabSize is \(vocabSize)" }
    for id in specialTokens.all where id < 0 || Int(id) >= vocabSize {
      return "the special token ID \(id) is outside the vocabulary of \(vocabSize)"
    }
    guard !shards.isEmpty else { return "it lists no shard" }
    var sum = (sequences: 0, tokens: 0)
    for (index, shard) in shards.enumerated() {
      // The name becomes part of a path, so nothing else may stand there.
      guard shard.name == CorpusLayout.shardName(index) else {
        return "shard \(index) is called '\(shard.name)', not '\(CorpusLayout.shardName(index))'"
      }
      guard shard.blocks >= 1, shard.sequences >= shard.blocks,
        shard.sequences / CorpusLayout.blockSequences <= shard.blocks,
        shard.tokens >= shard.sequences, shard.tokens / shard.sequences <= maxLength
      else { return "the counts of \(shard.name) do not fit each other" }
      let added = sum.sequences.addingReportingOverflow(shard.sequences)
      let addedTokens = sum.tokens.addingReportingOverflow(shard.tokens)
      guard !added.overflow, !addedTokens.overflow else { return "its counts are too large" }
      sum = (added.partialValue, addedTokens.partialValue)
    }
    for count in [badLines, duplicateDocuments, droppedTokens] where (count ?? 0) < 0 {
      return "a count is negative"
    }
    guard sum.sequences == sequences else {
      return "its shards have \(sum.sequences) sequences, it says \(sequences)"
    }
    guard sum.tokens == tokens else {
      return "its shards have \(sum.tokens) tokens, it says \(tokens)"
    }
    return histogramContradiction()
  }

  private func histogramContradiction() -> String? {
    guard lengthHistogram.count == maxLength + 1 else {
      return "its length histogram has \(lengthHistogram.count) numbers, not \(maxLength + 1)"
    }
    var sum = (sequences: 0, tokens: 0)
    for (length, count) in lengthHistogram.enumerated() {
      guard count >= 0, count <= sequences else { return "its length histogram is out of range" }
      // Both sums are bounded: count <= sequences <= tokens, at most maxLength + 1 terms.
      let tokens = count.multipliedReportingOverflow(by: length)
      let total = sum.tokens.addingReportingOverflow(tokens.partialValue)
      let number = sum.sequences.addingReportingOverflow(count)
      guard !tokens.overflow, !total.overflow, !number.overflow else {
        return "its length histogram is out of range"
      }
      sum = (number.partialValue, total.partialValue)
    }
    return sum == (sequences, tokens)
      ? nil : "its length histogram does not add up to its sequences and tokens"
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
