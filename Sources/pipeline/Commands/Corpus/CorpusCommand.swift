import ArgumentParser

/// `pipeline corpus`: what can be done with a tokenized corpus.
struct CorpusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "corpus",
    abstract: "Look at a tokenized corpus, check it, or export it.",
    subcommands: [
      CorpusShowCommand.self, CorpusSampleCommand.self, CorpusExportCommand.self,
      CorpusVerifyCommand.self,
    ])
}
