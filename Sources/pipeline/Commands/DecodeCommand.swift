import ArgumentParser
import Foundation
import Tokenizer

/// `pipeline decode`: lines of token IDs to text.
struct DecodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decode",
    abstract: "Turn lines of token IDs back into text, for a shell pipe.",
    discussion: """
      Each line holds IDs, such as `101 7592 102` or `[101, 7592, 102]`. The text is that of Hugging \
      Face's decoder, which is not the original one: case, accents and spaces are gone.

      EXAMPLE
        pipeline encode --tokenizer t < text.txt | pipeline decode --tokenizer t
      """)

  @Argument(help: "Files of lines; standard input where there are none, or for '-'.")
  var inputs: [String] = []

  @Option(help: "A folder with vocab.txt or tokenizer.json, or one of these files.")
  var tokenizer: String

  @Flag(help: "Write [CLS], [SEP] and other special tokens, too.")
  var keepSpecialTokens = false

  @Option(help: "Threads; the output is the same for any number.")
  var jobs = 1

  func validate() throws {
    guard (1...256).contains(jobs) else {
      throw ValidationError("--jobs \(jobs) is not between 1 and 256")
    }
  }

  func run() throws {
    let tokenizer = try WordPieceTokenizer.load(path: URL(argument: tokenizer))
    let decoders = (0..<jobs).map { _ in
      LineDecoder(tokenizer, skipSpecialTokens: !keepSpecialTokens)
    }
    try LineJob.run(LineReader(paths: inputs), workers: decoders)
  }
}
