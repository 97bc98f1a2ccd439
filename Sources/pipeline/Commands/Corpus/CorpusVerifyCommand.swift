import ArgumentParser
import Console
import Corpus
import Foundation

/// `pipeline corpus verify`: reads all and compares it with the digests.
struct CorpusVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Read every byte of a corpus and compare it with its digests.",
    discussion: """
      Ends with code 0 where all is as it was written, else with 1 and the first thing that is not.

      EXAMPLE
        pipeline corpus verify corpus
      """)

  @Argument(help: "A folder that 'pipeline tokenize' made.")
  var corpus: String

  @OptionGroup var logging: LogOptions

  func run() throws {
    let opened = try TokenizedCorpus.open(folder: URL(argument: corpus))
    let bar = ProgressBar("verify", quiet: logging.quiet)
    _ = try opened.tokenizer()
    try opened.verify { read in
      bar.update(
        Double(read) / Double(opened.blockCount),
        "\(Format.count(read)) of \(Format.count(opened.blockCount)) blocks")
    }
    bar.finish("\(Format.count(opened.blockCount)) blocks")
    Terminal.output(
      "\(corpus): sound, \(Format.count(opened.manifest.tokens)) tokens, digest "
        + opened.manifest.digest)
  }
}
