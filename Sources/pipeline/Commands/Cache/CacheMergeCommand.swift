import ArgumentParser
import Console
import Foundation
import LogitCache
import Logging

/// `pipeline cache merge`: takes shards that were filled elsewhere.
struct CacheMergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Take the shards of a cache that were filled elsewhere.",
    discussion: """
      The folders hold the same cache, or caches that have shards of it by their keys, such as parts \
      that 'subset' made. Each shard is read and checked before it is taken; on one file system it is \
      a second name of the same bytes. With the last shard the cache is complete.

      EXAMPLE
        pipeline cache merge cache node-1/cache node-2/cache
      """)

  @Argument(help: "The cache that takes the shards; a new folder is made.")
  var into: String

  @Argument(help: "Folders that hold shards of it.")
  var from: [String]

  @OptionGroup var store: StoreOptions
  @OptionGroup var logging: LogOptions

  func run() throws {
    let target = URL(argument: into)
    let sources = try from.map { try store.cache($0) }
    let merge = try CacheMerge(into: target, from: sources)
    let outcome = try merge.run { logging.log.info("taking \($0)") }
    try CacheFolder.copyTokenizer(from: sources, to: target)
    Terminal.output(
      "\(into): \(Format.count(outcome.taken.count, "shard")) taken, "
        + "\(outcome.sealed) of \(outcome.total) are there"
        + (outcome.sealed == outcome.total ? ", complete" : ""))
  }
}
