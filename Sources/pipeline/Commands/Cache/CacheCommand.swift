import ArgumentParser

/// `pipeline cache`: what can be done with logit caches.
struct CacheCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cache",
    abstract: "Look after logit caches: list, check, repair, share, exchange, delete.",
    discussion: """
      Where a command takes a cache, it takes a folder, or, in the store that --store or PIPELINE_STORE \
      names, a folder's name or the beginning of a fingerprint.
      """,
    subcommands: [
      CacheListCommand.self, CacheShowCommand.self, CacheVerifyCommand.self,
      CacheRepairCommand.self, CacheDiffCommand.self, CacheMergeCommand.self,
      CacheSubsetCommand.self, CachePinCommand.self, CacheCollectCommand.self,
      CacheExportCommand.self, CacheInputsCommand.self, CacheImportCommand.self,
      CacheFidelityCommand.self,
    ])
}
