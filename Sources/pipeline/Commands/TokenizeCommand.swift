import ArgumentParser
import Console
import Corpus
import Foundation
import Logging
import Tokenizer

/// `pipeline tokenize`: text files to a tokenized corpus.
struct TokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize",
    abstract: "Turn text into a tokenized corpus.",
    discussion: """
      Reads .txt and .jsonl files, gzipped or not, and folders of them. Each document is cut into \
      sequences [CLS] … [SEP] of at most --max-length tokens. The corpus folder stands alone: it \
      keeps the tokenizer's files.

      EXAMPLE
        pipeline tokenize wiki.train.txt.gz --tokenizer bert-base-uncased --output corpus
      """)

  @Argument(help: "Text files, or folders of them.")
  var inputs: [String]

  @Option(help: "A folder with vocab.txt or tokenizer.json, or one of these files.")
  var tokenizer: String

  @Option(help: "The folder to write the corpus into.")
  var output: String

  @Option(help: "Tokens of a sequence at most, [CLS] and [SEP] included.")
  var maxLength = 128

  @Option(
    help: ArgumentHelp(
      "What a document of a .txt file is: line, paragraph (parted by blank lines) or file."))
  var documents = DocumentUnit.line

  @Option(help: "The field of a .jsonl record that holds the text.")
  var field = "text"

  @Flag(help: "Let a sequence run on from one document into the next.")
  var mixDocuments = false

  @Option(
    help: ArgumentHelp(
      "Replace a text before tokenizing, such as '<unk>=[UNK]'; may be repeated.",
      valueName: "from=to"))
  var replace: [String] = []

  @Flag(help: "Stop at the first byte that is not UTF-8, instead of repairing and counting.")
  var strict = false

  @Option(help: "Tokens of a shard, about.")
  var shardTokens = 1 << 20

  @OptionGroup var logging: LogOptions

  func run() throws {
    let replacements = try replace.map { text -> TextReplacement in
      guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
        throw ValidationError("--replace '\(text)' is not of the form from=to")
      }
      return TextReplacement(
        from: String(text[..<equals]), to: String(text[text.index(after: equals)...]))
    }
    let tokenizer = try WordPieceTokenizer.load(path: URL(argument: tokenizer))
    let builder = try CorpusBuilder(
      tokenizer: tokenizer,
      options: CorpusOptions(
        maxLength: maxLength, mixDocuments: mixDocuments, documentUnit: documents,
        jsonField: field, replacements: replacements, shardTokens: shardTokens),
      strict: strict)
    let bar = ProgressBar("tokenize", quiet: logging.quiet)
    let result = try builder.build(
      inputs: inputs.map(URL.init(argument:)), into: URL(argument: output)
    ) {
      let rate = Double($0.bytesRead) / max(bar.elapsedSeconds, 1e-3)
      let sequences = Format.count($0.sequences)
      bar.update(
        Double($0.bytesRead) / Double(max($0.bytesTotal, 1)),
        "\(sequences) sequences, \(Format.bytes(Int(rate)))/s")
    }
    let manifest = result.manifest
    bar.finish(
      "\(Format.count(manifest.sequences)) sequences, \(Format.count(manifest.tokens)) tokens"
        + (result.isReused ? " (already there, unchanged)" : ""))
    let log = logging.log
    log.info(
      """
      \(Format.count(manifest.documents)) documents, \(Format.count(manifest.emptyDocuments)) empty; \
      unknown tokens \(Format.percent(Double(manifest.unknownTokens) / Double(manifest.tokens))); \
      vocabulary \(Format.count(manifest.vocabSize))
      """)
    if manifest.repairedUTF8 > 0 {
      log.warning(
        """
        \(Format.count(manifest.repairedUTF8)) sequences of bytes were not UTF-8 and were repaired; \
        --strict stops at the first and says where
        """)
    }
  }
}

extension DocumentUnit: ExpressibleByArgument {}

extension WordPieceTokenizer {
  /// Loads a tokenizer from a folder or from a vocabulary file.
  static func load(path: URL) throws -> WordPieceTokenizer {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: path.path, isDirectory: &isFolder)
    if exists && !isFolder.boolValue {
      return try load(vocabularyFile: path, configurationFile: nil)
    }
    return try load(folder: path)
  }
}
