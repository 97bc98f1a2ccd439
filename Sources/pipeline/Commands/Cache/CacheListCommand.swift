import ArgumentParser
import Console
import Foundation
import LogitCache

/// `pipeline cache ls`: the caches of a folder, a line each.
struct CacheListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ls",
    abstract: "List the caches of a folder.",
    discussion: """
      An experiment is a run folder that 'pipeline train-student --from-cache' left a reference to. \
      Of a cache that is not complete the positions are not counted.

      EXAMPLE
        pipeline cache ls caches
      """)

  @OptionGroup var store: StoreArgument

  func run() throws {
    let entries = try store.open().entries()
    if entries.isEmpty { return Terminal.note("\(try store.path()): no caches") }
    var table = TextTable([
      "cache", "fingerprint", "teacher", "corpus", "target", "positions", "replicas", "shards",
      "size", "experiments", "pinned",
    ])
    var unreadable: [String] = []
    for entry in entries {
      let name = entry.folder.lastPathComponent
      switch entry.contents {
      case .failure(let error):
        unreadable.append("\(error)")
        table.add([name, "unreadable"] + Array(repeating: "–", count: 9))
      case .success(let inventory):
        // A store's own names are fingerprints, which have their column; their beginning names them.
        let isFingerprint = name == inventory.manifest.fingerprint
        table.add([isFingerprint ? CacheWords.short(name) : name] + Self.cells(inventory))
      }
    }
    Terminal.output(table.text)
    unreadable.forEach(Terminal.note)
  }

  private static func cells(_ inventory: CacheInventory) -> [String] {
    let specification = inventory.manifest.specification
    let words = CacheWords(specification: specification)
    return [
      CacheWords.short(inventory.manifest.fingerprint), words.teacher,
      CacheWords.short(specification.corpusDigest), words.target,
      inventory.rows.map(Format.count) ?? "–", "\(specification.replicas)",
      "\(inventory.sealedShards)/\(specification.shardCount)", Format.bytes(inventory.bytes),
      "\(inventory.references.count)", inventory.isPinned ? "yes" : "no",
    ]
  }
}
