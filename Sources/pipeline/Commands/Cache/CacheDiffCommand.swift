import ArgumentParser
import Console
import Foundation
import LogitCache

/// `pipeline cache diff`: in what two caches differ.
struct CacheDiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Print in what two caches differ.",
    discussion: """
      Compares specifications, and by their checksums tables, shards and blocks; payloads are not \
      read. Ends with code 0 where nothing differs, else with 1.

      EXAMPLE
        pipeline cache diff cache cache-of-yesterday
      """)

  @Argument(help: "A cache.")
  var first: String

  @Argument(help: "Another cache.")
  var second: String

  @OptionGroup var store: StoreOptions
  @OptionGroup var logging: LogOptions

  /// Blocks that are listed of a stream at most.
  private static let mostBlocks = 12

  func run() throws {
    let bar = ProgressBar("diff", quiet: logging.quiet)
    let comparison = try CacheComparison(store.cache(first), store.cache(second)) {
      bar.update(Double($0) / Double(max($1, 1)), "\($0) of \($1) shards")
    }
    bar.clear()
    for field in comparison.fields {
      Terminal.output("\(field.field): \(field.expected), then \(field.found)")
    }
    if !comparison.areTablesEqual { Terminal.output("tables: differ") }
    for shard in comparison.shards {
      let streams = shard.streams.sorted { $0.key < $1.key }
        .map { "\($0.key) in \(Self.list($0.value))" }
      Terminal.output("\(shard.name): " + (shard.reason ?? streams.joined(separator: "; ")))
    }
    if !comparison.isComparable {
      Terminal.output("shards: not compared, since they hold other blocks")
    }
    if comparison.isEqual {
      return Terminal.output("nothing differs: \(comparison.equalShards) shards are equal")
    }
    Terminal.output("\(comparison.equalShards) shards are equal")
    throw ExitCode(1)
  }

  private static func list(_ blocks: [Int]) -> String {
    if blocks == [-1] { return "the shard" }
    let shown = blocks.prefix(mostBlocks).map(String.init).joined(separator: ", ")
    return (blocks.count == 1 ? "block " : "blocks ") + shown
      + (blocks.count > mostBlocks ? " and \(blocks.count - mostBlocks) more" : "")
  }
}
