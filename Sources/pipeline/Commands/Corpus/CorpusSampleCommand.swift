import ArgumentParser
import Console
import Corpus
import Foundation
import Tokenizer

/// `pipeline corpus sample`: random sequences as text.
struct CorpusSampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample",
    abstract: "Print random sequences of a corpus as text.",
    discussion: """
      The same seed gives the same sequences.

      EXAMPLE
        pipeline corpus sample corpus --count 3 --seed 7
      """)

  @Argument(help: "A folder that 'pipeline tokenize' made.")
  var corpus: String

  @Option(help: "Sequences to print.")
  var count = 5

  @Option(help: "Any number; another one gives other sequences.")
  var seed: UInt64 = 0

  @Flag(help: "Print the tokens as they are in the vocabulary, instead of text.")
  var tokens = false

  func validate() throws {
    if count < 1 { throw ValidationError("--count \(count) is not positive") }
  }

  func run() throws {
    let opened = try TokenizedCorpus.open(folder: URL(argument: corpus))
    let tokenizer = try opened.tokenizer()
    for (number, place) in opened.sample(count: count, seed: seed).enumerated() {
      let ids = Array(try opened.block(place.block).sequence(place.index))
      if number > 0 { Terminal.output("") }
      Terminal.output("block \(place.block), sequence \(place.index): \(ids.count) tokens")
      Terminal.output(
        tokens ? ids.map { tokenizer.token($0) }.joined(separator: " ") : tokenizer.decode(ids))
    }
  }
}
