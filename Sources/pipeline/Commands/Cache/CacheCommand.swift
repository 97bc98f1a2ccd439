import ArgumentParser

/// `pipeline cache`: what can be done with logit caches.
struct CacheCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cache",
    abstract: "Look after logit caches: list, check, repair, share, exchange, delete.",
    subcommands: [
      CacheListCommand.self, CacheShowCommand.self, CacheVerifyCommand.self,
      CacheRepairCommand.self, CacheDiffCommand.self, CacheMergeCommand.self,
      CacheSubsetCommand.self, CachePinCommand.self, CacheCollectCommand.self,
      CacheExportCommand.self, CacheInputsCommand.self, CacheImportCommand.self,
      CacheFidelityCommand.self,
    ])
}
