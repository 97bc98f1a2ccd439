import ArgumentParser
import Console
import Foundation
import LogitCache
import Logging

/// `pipeline cache subset`: a smaller cache out of a cache.
struct CacheSubsetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "subset",
    abstract: "Make a smaller cache out of a cache, without the teacher.",
    discussion: """
      The smaller cache has a fingerprint of its own and says of which cache it is a part. A smaller \
      head is a prefix, whose tail takes in the entries that go; so is a smaller rank. Students train \
      on it as on any cache, without --corpus. Shards that a cache of --extend or the store has \
      already, with the same cut, are taken from there.

      EXAMPLES
        pipeline cache subset cache small --replicas 0,2 --shards 0-3
        pipeline cache subset cache smaller --head 8 --rank 16 --no-states --no-audit
        pipeline cache subset cache wider --head 8 --replicas 0-3 --extend smaller
      """)

  @Argument(help: "A complete cache.")
  var cache: String

  @Argument(help: "The smaller cache's folder.")
  var output: String

  @Option(help: ArgumentHelp("Mask replicas that are kept, such as 0,2.", valueName: "list"))
  var replicas: NumberList?

  @Option(help: ArgumentHelp("Corpus shards that are kept, such as 0-3.", valueName: "list"))
  var shards: NumberList?

  @Option(help: "Entries of the head that are kept.")
  var head: Int?

  @Option(help: "Coefficients of the tail lowrank that are kept.")
  var rank: Int?

  @Flag(name: .customLong("no-states"), help: "Leave out the hidden states.")
  var withoutStates = false

  @Flag(name: .customLong("no-audit"), help: "Leave out the audit rows.")
  var withoutAudit = false

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Take the shards of these caches that are the same.", valueName: "cache"))
  var extend: [String] = []

  @OptionGroup var store: StoreOptions
  @OptionGroup var logging: LogOptions

  func run() throws {
    let source = try store.cache(cache)
    let folder = URL(argument: output)
    let subset = try CacheSubset(
      of: source,
      selection: CacheSubset.Selection(
        replicas: replicas?.numbers, shards: shards?.numbers, headK: head,
        rank: rank, keepsStates: !withoutStates, keepsAuditRows: !withoutAudit))
    let bar = ProgressBar("subset", quiet: logging.quiet)
    let manifest = try subset.write(to: folder, extending: try sources(folder)) { taken in
      if taken.taken > 0 {
        logging.log.info("\(Format.count(taken.taken, "shard")) taken from \(taken.source.path)")
      }
      for damage in taken.damaged {
        logging.log.warning("\(taken.source.path): a shard is made anew: \(damage)")
      }
    } progress: {
      bar.update(Double($0) / Double(max($1, 1)), "\($0) of \($1) shards")
    }
    bar.clear()
    try CacheFolder.copyTokenizer(from: [source], to: folder)
    let inventory = try CacheInventory(folder: folder, readsShards: false)
    Terminal.output(
      "\(output): \(Format.count(inventory.rows ?? 0)) positions, "
        + "\(Format.bytes(inventory.bytes)), fingerprint \(manifest.fingerprint)")
  }
  /// The caches that were named, and those of the store, where there is one.
  private func sources(_ folder: URL) throws -> [ShardSource] {
    let named = try extend.map { try ShardSource(folder: try store.cache($0)) }
    let stored = store.folder.map { ShardSource.all(in: $0) } ?? []
    let path = folder.standardizedFileURL.path
    return named.compactMap(\.self) + stored.filter { $0.folder.standardizedFileURL.path != path }
  }
}
