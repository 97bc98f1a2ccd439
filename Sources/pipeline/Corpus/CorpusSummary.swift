import Console
import Corpus
import Foundation

/// A corpus's manifest in a few lines.
struct CorpusSummary {
  let manifest: CorpusManifest
  let name: String

  /// The lines; at most so many inputs are listed.
  func text(sources limit: Int) -> String {
    let part = manifest.isHeldOut.map { $0 ? ", the held-out part" : ", without the held-out part" }
    var lines = [
      "\(name): \(Format.count(manifest.sequences)) sequences, "
        + "\(Format.count(manifest.tokens)) tokens in \(Format.count(manifest.shards.count)) shards"
        + (part ?? "")
    ]
    func add(_ label: String, _ value: String) {
      lines.append("  " + label.padding(toLength: 15, withPad: " ", startingAt: 0) + value)
    }
    var documents =
      "\(Format.count(manifest.documents)), \(Format.count(manifest.emptyDocuments)) empty"
    if let count = manifest.duplicateDocuments {
      documents += ", \(Format.count(count)) duplicates left out"
    }
    add("documents", documents)
    add(
      "unknown tokens",
      "\(Format.count(manifest.unknownTokens)) (\(percent(manifest.unknownRate)) of the text's)")
    if let count = manifest.droppedTokens { add("dropped tokens", Format.count(count)) }
    if let count = manifest.badLines { add("bad lines", "\(Format.count(count)) left out") }
    add("repaired UTF-8", Format.count(manifest.repairedUTF8))
    add("cut", cut)
    add("vocabulary", "\(Format.count(manifest.vocabSize)) IDs of \(idBytes) bytes")
    if let digest = manifest.vocabularyDigest { add("vocab.txt", digest) }
    add("tokenizer", manifest.tokenizerDigest)
    add("content", manifest.digest)
    add("sources", "\(Format.count(manifest.sources.count))")
    for source in manifest.sources.prefix(limit) {
      lines.append(
        "    \(source.name) (\(source.format), \(Format.bytes(source.bytes))) "
          + source.digest.prefix(16) + "…")
    }
    if manifest.sources.count > limit { lines.append("    …") }
    return lines.joined(separator: "\n")
  }

  private var idBytes: Int { manifest.vocabSize > 1 << 16 ? 4 : 2 }

  private var cut: String {
    let options = manifest.options
    let documents =
      options.mixDocuments
      ? "documents packed" : options.onePerDocument ? "one a document" : "documents apart"
    let shares = options.heldOut > 0 ? ", \(percent(options.heldOut)) held out" : ""
    return
      "at most \(options.maxLength) tokens, at a \(options.cut.rawValue), \(documents)\(shares)"
  }

  private func percent(_ share: Double) -> String { Format.fixed(100 * share, 2) + " %" }
}
