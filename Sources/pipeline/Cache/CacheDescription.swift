import Console
import Foundation
import LogitCache
import ShardStore

/// A cache in plain words, or as JSON.
struct CacheDescription {
  let inventory: CacheInventory
  let name: String

  /// What `show` prints.
  func lines(columns: Int) -> [String] {
    let manifest = inventory.manifest
    let specification = manifest.specification
    let words = CacheWords(specification: specification)
    let rows = inventory.rows ?? 0
    var lines = [
      "\(name): \(Format.count(rows)) positions, \(Format.bytes(inventory.bytes)), "
        + "\(inventory.sealedShards) of \(specification.shardCount) shards"
        + (inventory.isComplete ? "" : ", not complete")
    ]
    func add(_ label: String, _ value: String) {
      lines.append("  " + label.padding(toLength: 17, withPad: " ", startingAt: 0) + value)
    }
    add("fingerprint", manifest.fingerprint)
    add("format", "version \(manifest.formatVersion)")
    let teacher = specification.teacher
    add(
      "teacher",
      "\(teacher.architecture), \(teacher.layers) layers of \(teacher.hiddenSize)"
        + (teacher.embeddingSize.map { ", embeddings of \($0)" } ?? "")
        + ", run in \(specification.precision)")
    add("  weights", teacher.weightDigest)
    add("  configuration", teacher.configurationDigest)
    add("tokenizer", specification.tokenizerDigest)
    add("vocabulary", "\(Format.count(specification.vocabSize)) IDs")
    add("corpus", specification.corpusDigest)
    add(
      "  shards",
      "\(specification.blocksPerShard.count), \(Format.count(specification.blockCount)) blocks, "
        + "\(Format.count(specification.sequences)) sequences")
    add("masks", specification.mask.canonicalText)
    add("replicas", "\(specification.replicas)")
    add("positions", words.positions)
    add("target", words.target)
    if specification.target.headK > 0 {
      add("  step", "\(specification.target.step) of a logit")
    }
    add("audit rows", "\(specification.auditRowsPerShard) of each shard")
    addOrigin(specification.derivedFrom, add)
    if let tables = manifest.tables { add("tables", "\(Format.bytes(tables.bytes))") }
    add("pinned", inventory.isPinned ? "yes" : "no")
    add("experiments", "\(inventory.references.count)")
    for reference in inventory.references {
      let standing =
        switch reference.standing(cache: inventory.folder) {
        case .there: ""
        case .gone: " (gone)"
        case .elsewhere: " (not seen here, run on \(reference.host ?? "an unknown machine"))"
        }
      lines.append("    \(reference.date)  \(reference.run)\(standing)")
    }
    guard let streams = inventory.streams, rows > 0 else { return lines }
    let stored = streams.values.reduce(0) { $0 + $1.stored }
    let perRow = Format.fixed(Double(stored) / Double(rows), 1)
    lines += ["", "bytes of a position by stream, \(perRow) in all"]
    return lines + StreamBars(streams: streams, rows: rows).lines(columns: columns)
  }

  private func addOrigin(_ origin: CacheOrigin?, _ add: (String, String) -> Void) {
    guard let origin else { return }
    if let fingerprint = origin.fingerprint { add("part of", fingerprint) }
    let list = { (numbers: [Int]) in numbers.map(String.init).joined(separator: ", ") }
    if let replicas = origin.replicas { add("  replicas", list(replicas)) }
    if let shards = origin.shards { add("  shards", list(shards)) }
    if let headK = origin.headK { add("  head", "cut from \(headK)") }
    if let rank = origin.rank { add("  rank", "cut from \(rank)") }
    if let digest = origin.importedDigest { add("imported from", digest) }
  }

  /// The same for programs; keys as in `manifest.json`.
  func json() throws -> String {
    let rows = inventory.rows ?? 0
    let value = JSON(
      folder: name, manifest: inventory.manifest, complete: inventory.isComplete,
      sealedShards: inventory.sealedShards,
      totalShards: inventory.manifest.specification.shardCount, positions: rows,
      bytes: inventory.bytes, shardBytes: inventory.shardBytes,
      streams: (inventory.streams ?? [:]).mapValues {
        JSON.Stream(
          raw: $0.raw, stored: $0.stored,
          bytesPerPosition: Double($0.stored) / Double(max(rows, 1)))
      },
      references: inventory.references, pinned: inventory.isPinned)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  private struct JSON: Encodable {
    struct Stream: Encodable {
      let raw: Int
      let stored: Int
      let bytesPerPosition: Double
    }

    let folder: String
    let manifest: CacheManifest
    let complete: Bool
    let sealedShards: Int
    let totalShards: Int
    let positions: Int
    let bytes: Int
    let shardBytes: Int
    let streams: [String: Stream]
    let references: [CacheReference]
    let pinned: Bool
  }
}
