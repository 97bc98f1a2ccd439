import ArgumentParser
import Console
import Corpus
import Foundation
import Kernels
import Logging
import Tokenizer

/// `pipeline train-vocab`: text files to a WordPiece vocabulary.
struct TrainVocabCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train-vocab",
    abstract: "Make a WordPiece vocabulary from text.",
    discussion: """
      Reads the files that tokenize reads, counts their words and joins the commonest pairs of \
      neighbouring pieces, as Hugging Face's WordPieceTrainer does. The same text gives the same \
      bytes, however many threads count. The folder opens in transformers, and tokenize takes it.

      Memory grows with the distinct words, not with the text: about 40 bytes for each of their \
      bytes, and up to 60 MB a thread.

      EXAMPLE
        pipeline train-vocab wiki.train.txt.gz --size 30522 --output my-vocabulary
      """)

  @Argument(help: "Text files, or folders of them.")
  var inputs: [String]

  @Option(help: "The folder to write vocab.txt, tokenizer_config.json and tokenizer.json into.")
  var output: String

  @Option(help: "Tokens of the vocabulary, special ones included.")
  var size = 30_522

  @Option(help: "How often two neighbouring pieces have to occur to be joined.")
  var minFrequency: UInt64 = 2

  @Option(
    help: ArgumentHelp(
      "Most characters of the alphabet; the commonest stay. The others are passed over in words."))
  var alphabetLimit = 1000

  @Option(help: "Characters that are in the alphabet whether they occur or not.")
  var initialAlphabet = ""

  @Option(
    help: ArgumentHelp(
      "The first tokens, in order of IDs; BERT's five have to be among them.",
      valueName: "tokens"))
  var specialTokens = VocabularyTrainingOptions.bertSpecialTokens.joined(separator: ",")

  @Flag(help: "Keep upper case and accents.")
  var cased = false

  @Option(help: "The field of a .jsonl record that holds the text.")
  var field = "text"

  @Flag(help: "Stop at the first byte that is not UTF-8, instead of repairing and counting.")
  var strict = false

  @Option(help: "Threads that count words; the default is the cores that this process may use.")
  var jobs: Int?

  @OptionGroup var logging: LogOptions

  private var options: VocabularyTrainingOptions {
    VocabularyTrainingOptions(
      size: size, minFrequency: minFrequency, alphabetLimit: alphabetLimit,
      initialAlphabet: initialAlphabet,
      // By bytes: a comma may be one character with what stands beside it.
      specialTokens: specialTokens.utf8
        .split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        .map { String(decoding: $0, as: UTF8.self) })
  }

  func validate() throws {
    if let jobs, !(1...1024).contains(jobs) {
      throw ValidationError("--jobs \(jobs) is not between 1 and 1024")
    }
    do {
      try options.validate()
    } catch let error as TokenizerError {
      throw ValidationError(error.description)
    }
    for token in VocabularyTrainingOptions.bertSpecialTokens
    where !options.specialTokens.contains(token) {
      throw ValidationError("--special-tokens lacks \(token), which the tokenizer needs; add it")
    }
  }

  func run() throws {
    let flags: NormalizerOptions = cased ? .cased : .uncased
    let trainer = try VocabularyTrainer(options: options)
    let folder = try TokenizerFolder(URL(argument: output))
    let counting = ProgressBar("words", quiet: logging.quiet)
    let counted = try TextWordCount(
      inputs: inputs.map(URL.init(argument:)), options: flags, jsonField: field, strict: strict,
      jobs: jobs ?? Parallel.availableCores()
    ) {
      let rate = Double($0.bytesRead) / max(counting.elapsedSeconds, 1e-3)
      counting.update(
        Double($0.bytesRead) / Double(max($0.bytesTotal, 1)), "\(Format.bytes(Int(rate)))/s")
    }
    let words = counted.words
    counting.finish(
      "\(Format.count(Int(words.totalWords))) in \(Format.bytes(counted.textBytes)), "
        + "\(Format.count(words.distinctWords)) distinct,")
    let joining = ProgressBar("train-vocab", quiet: logging.quiet)
    let trained = try trainer.train(words) { tokens in
      joining.update(Double(tokens) / Double(size), "\(Format.count(tokens)) tokens")
    }
    let isReused = try folder.publish(trained.tokenizer(options: flags))
    joining.finish(
      "\(Format.count(trained.tokens.count)) tokens"
        + (isReused ? " (already there, unchanged)" : ""))
    report(trained, counted)
  }

  private func report(_ trained: TrainedVocabulary, _ counted: TextWordCount) {
    let log = logging.log
    log.info(
      """
      \(Format.count(trained.specialTokens)) special tokens; alphabet \
      \(Format.count(trained.alphabet)) characters, \(Format.count(trained.droppedCharacters)) left \
      out, which occur \(Format.count(Int(trained.droppedOccurrences))) times
      """)
    if trained.tokens.count < size {
      log.warning(
        """
        the text gives \(Format.count(trained.tokens.count)) tokens, fewer than the \
        \(Format.count(size)) asked for: no other pair occurs \(max(1, minFrequency)) times
        """)
    }
    if counted.repairedUTF8 > 0 {
      log.warning(
        """
        \(Format.count(counted.repairedUTF8)) sequences of bytes were not UTF-8 and were repaired; \
        --strict stops at the first and says where
        """)
    }
  }
}
