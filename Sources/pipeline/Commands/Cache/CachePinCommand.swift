import ArgumentParser
import Console
import Foundation
import LogitCache

/// `pipeline cache pin`: keeps a cache from `gc`.
struct CachePinCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pin",
    abstract: "Keep a cache from 'pipeline cache gc', or let it go.",
    discussion: """
      EXAMPLES
        pipeline cache pin cache
        pipeline cache pin cache --unpin
      """)

  @Argument(help: "A cache.")
  var cache: String

  @OptionGroup var store: StoreOptions

  @Flag(help: "Let 'pipeline cache gc' delete it again.")
  var unpin = false

  func run() throws {
    let folder = try store.cache(cache)
    if unpin { try CachePin.unpin(folder) } else { try CachePin.pin(folder) }
    Terminal.output("\(cache): \(unpin ? "not pinned" : "pinned")")
  }
}
