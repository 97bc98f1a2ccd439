import ArgumentParser
import Console
import Corpus
import Foundation

/// `pipeline corpus export`: the flat files that other trainers read.
struct CorpusExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a corpus as flat files of token IDs for other trainers.",
    discussion: """
      megatron   <output>.bin and <output>.idx, the indexed dataset of Megatron-LM; every sequence is \
      a document of its own
      flat       <output>.bin, nothing but IDs, as nanoGPT and llama2.c read it
      llm.c      <output>.bin with llm.c's header of 1,024 bytes

      IDs have 16 bits where the vocabulary has at most 65,536 entries, else 32. <output>.json says \
      what is in the files: number format, counts, size and digest of the vocabulary, digest of the \
      corpus.

      EXAMPLE
        pipeline corpus export corpus --format megatron --output exported/wiki
      """)

  @Argument(help: "A folder that 'pipeline tokenize' made.")
  var corpus: String

  @Option(help: ArgumentHelp("The files' layout.", valueName: "megatron|flat|llm.c"))
  var format: CorpusExport.Layout

  @Option(help: "The path of the files without .bin, .idx and .json.")
  var output: String

  @Flag(help: "Leave out [CLS] and [SEP] of every sequence.")
  var withoutSpecialTokens = false

  @OptionGroup var logging: LogOptions

  func run() throws {
    let opened = try TokenizedCorpus.open(folder: URL(argument: corpus))
    let bar = ProgressBar("export", quiet: logging.quiet)
    let export = CorpusExport(
      corpus: opened, layout: format, keepsSpecialTokens: !withoutSpecialTokens)
    let files = try export.write(to: URL(argument: output)) { blocks in
      bar.update(
        Double(blocks) / Double(opened.blockCount), "\(Format.count(blocks)) blocks")
    }
    bar.finish("\(Format.count(opened.blockCount)) blocks")
    for file in files { Terminal.output(file.path) }
  }
}

extension CorpusExport.Layout: ExpressibleByArgument {}
