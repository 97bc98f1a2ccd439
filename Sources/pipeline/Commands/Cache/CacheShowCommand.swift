import ArgumentParser
import Console
import Foundation
import LogitCache

/// `pipeline cache show`: the manifest, as people read it, and bytes by stream.
struct CacheShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Print what a cache is made of, with a picture of its bytes by stream.",
    discussion: """
      EXAMPLE
        pipeline cache show cache
      """)

  @Argument(help: "A folder that 'pipeline cache-teacher' made or has begun.")
  var cache: String

  @OptionGroup var store: StoreOptions

  @Flag(help: "Print JSON; the keys are those of manifest.json.")
  var json = false

  func run() throws {
    let inventory = try CacheInventory(folder: store.cache(cache), readsShards: true)
    let description = CacheDescription(inventory: inventory, name: cache)
    if json { return Terminal.output(try description.json()) }
    description.lines(columns: Terminal.columns).forEach(Terminal.output)
  }
}
