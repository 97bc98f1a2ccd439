import ArgumentParser
import Foundation
import Logging
import Tokenizer

/// `pipeline encode`: lines of text to token IDs, tokens or offsets.
struct EncodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "encode",
    abstract: "Turn lines of text into tokens, for a shell pipe.",
    discussion: """
      Writes one line for each line read: IDs, tokens, offsets in code points, or a JSON object with \
      all of them. With --records each line is a JSON object with "text" or "words", and "pair" or \
      "pair_words" for a second sequence; the output is then everything that the tokenizer knows, \
      overflow included.

      EXAMPLES
        zcat wiki.txt.gz | pipeline encode --tokenizer bert-base-uncased
        echo 'Run the teacher once.' | pipeline encode --tokenizer t --format json
        echo '{"text": "a b c", "pair": "d"}' | pipeline encode --tokenizer t --records
      """)

  @Argument(help: "Files of lines; standard input where there are none, or for '-'.")
  var inputs: [String] = []

  @Option(help: "A folder with vocab.txt or tokenizer.json, or one of these files.")
  var tokenizer: String

  @Option(
    help: ArgumentHelp("What to write: ids, tokens, offsets or json.", valueName: "format"))
  var format = LineEncoder.Format.ids

  @Flag(help: "Read JSON records and write all that is known of each, as JSON.")
  var records = false

  @Option(help: "Tokens of a line at most, special tokens included; the rest is cut off.")
  var maxLength: Int?

  @Option(help: "With --records: write what was cut off, parts repeating so many tokens.")
  var stride: Int?

  @Flag(help: "Leave out [CLS] and [SEP].")
  var noSpecialTokens = false

  @Flag(help: "Take special tokens written in the text for ordinary text.")
  var specialTokensAsText = false

  @Flag(help: "Stop at the first line that is not UTF-8, instead of repairing and counting.")
  var strict = false

  @Option(help: "Threads; the output is the same for any number.")
  var jobs = 1

  @OptionGroup var logging: LogOptions

  func validate() throws {
    let least = noSpecialTokens ? 1 : 2
    if let maxLength, maxLength < least {
      throw ValidationError("--max-length \(maxLength) is less than \(least)")
    }
    if let stride, !records || maxLength == nil || stride < 0 {
      throw ValidationError(
        "--stride \(stride) needs --records and --max-length, and is not negative")
    }
    guard (1...256).contains(jobs) else {
      throw ValidationError("--jobs \(jobs) is not between 1 and 256")
    }
  }

  func run() throws {
    let tokenizer = try WordPieceTokenizer.load(path: URL(argument: tokenizer))
    // Terminals and small pipes are answered line by line, whatever the block's size.
    let reader = LineReader(paths: inputs)
    guard !records else {
      let options = EncodeOptions(
        addsSpecialTokens: !noSpecialTokens, recognizesSpecialTokens: !specialTokensAsText,
        truncation: maxLength.map {
          Truncation(maxLength: $0, stride: stride ?? 0, returnsOverflow: stride != nil)
        })
      return try LineJob.run(
        reader, workers: (0..<jobs).map { _ in RecordEncoder(tokenizer, options) })
    }
    let settings = LineEncoder.Settings(
      format: format, addsSpecialTokens: !noSpecialTokens,
      recognizesSpecialTokens: !specialTokensAsText, maxLength: maxLength, strict: strict)
    let numbers = TokenText(tokenizer, as: .number)
    let tokens: TokenText? =
      switch format {
      case .ids, .offsets: nil
      case .tokens: TokenText(tokenizer, as: .token)
      case .json: TokenText(tokenizer, as: .json)
      }
    let encoders = (0..<jobs).map { _ in
      LineEncoder(tokenizer, settings, numbers: numbers, tokens: tokens)
    }
    try LineJob.run(reader, workers: encoders)
    let repaired = encoders.reduce(0) { $0 + $1.repaired }
    if repaired > 0 {
      logging.log.warning(
        "\(repaired) sequences of bytes were not UTF-8 and were repaired; --strict stops at the first"
      )
    }
  }
}

extension LineEncoder.Format: ExpressibleByArgument {}
