import ArgumentParser
import Console
import Corpus
import Foundation

/// `pipeline corpus show`: the manifest, as people read it.
struct CorpusShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Print what a corpus is made of, with a histogram of sequence lengths.",
    discussion: """
      EXAMPLE
        pipeline corpus show corpus
      """)

  @Argument(help: "A folder that 'pipeline tokenize' made.")
  var corpus: String

  @Option(help: "Inputs that are listed at most.")
  var sources = 10

  func validate() throws {
    if sources < 0 { throw ValidationError("--sources \(sources) is negative") }
  }

  func run() throws {
    let folder = URL(argument: corpus)
    let manifest = try TokenizedCorpus.open(folder: folder).manifest
    Terminal.output(CorpusSummary(manifest: manifest, name: corpus).text(sources: sources))
    Terminal.output("")
    Terminal.output("tokens of a sequence")
    LengthHistogram(manifest.lengthHistogram).lines(columns: Terminal.columns)
      .forEach(Terminal.output)
  }
}
