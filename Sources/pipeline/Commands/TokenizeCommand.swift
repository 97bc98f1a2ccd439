import ArgumentParser
import Console
import Corpus
import Foundation
import Kernels
import Logging
import Tokenizer

/// `pipeline tokenize`: text files to a tokenized corpus.
struct TokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize",
    abstract: "Turn text into a tokenized corpus.",
    discussion: """
      Reads .txt, .jsonl, .tsv and .csv files, each also with .gz or .zst, folders of them, patterns \
      such as 'news/*.txt.gz', and standard input (-). Each document is cut into sequences \
      [CLS] … [SEP] of at most --max-length tokens. The corpus folder stands alone: it keeps the \
      tokenizer's files.

      Memory does not grow with the input. A killed run goes on behind its last shard when the same \
      command is given again (not from standard input). The bytes are the same at any --jobs.

      EXAMPLES
        pipeline tokenize wiki.train.txt.gz --tokenizer bert-base-uncased --output corpus
        pipeline tokenize 'crawl/*.jsonl.zst' --field page.text --cut sentence --deduplicate \\
          --held-out 0.01 --tokenizer bert-base-uncased --output corpus
        zcat reviews.tsv.gz | pipeline tokenize - --input-format tsv --column review \\
          --tokenizer bert-base-uncased --output corpus
      """)

  @Argument(help: "Text files, folders of them, patterns, or - for standard input.")
  var inputs: [String]

  @Option(help: "A folder with vocab.txt or tokenizer.json, or one of these files.")
  var tokenizer: String

  @Option(help: "The folder to write the corpus into.")
  var output: String

  @OptionGroup(title: "WHAT IS READ") var reading: TextOptions

  @OptionGroup(title: "HOW IT IS CUT") var cutting: CuttingOptions

  @Option(help: "Threads that tokenize and compress; the default is the cores that there are.")
  var jobs: Int?

  @OptionGroup var logging: LogOptions

  func validate() throws {
    if let jobs, !(1...1024).contains(jobs) {
      throw ValidationError("--jobs \(jobs) is not between 1 and 1024")
    }
  }

  func run() throws {
    let options = try corpusOptions()
    let files = try TextFile.list(arguments: inputs, inputFormat: reading.format())
    let builder = try CorpusBuilder(
      tokenizer: WordPieceTokenizer.load(path: URL(argument: tokenizer)), options: options,
      strict: reading.strict, jobs: jobs ?? Parallel.availableCores())
    let progress = TokenizeProgress(quiet: logging.quiet, log: logging.log)
    let folder = URL(argument: output)
    let result = try builder.build(files: files, into: folder) { progress.update($0) }
    progress.finish(result.manifest, isReused: result.isReused)
    report(result, folder: folder)
  }

  private func corpusOptions() throws -> CorpusOptions {
    var options = CorpusOptions(
      maxLength: cutting.maxLength, mixDocuments: cutting.mixDocuments,
      documentUnit: reading.documents, jsonField: reading.field,
      replacements: try reading.replacements(), shardTokens: cutting.shardTokens)
    options.cut = cutting.cut
    options.onePerDocument = cutting.onePerDocument
    options.deduplicate = cutting.deduplicate
    options.heldOut = cutting.heldOut ?? 0
    options.column = reading.column
    options.hasHeader = reading.header
    options.skipsBadLines = reading.badLines == .skip
    return options
  }

  private func report(_ result: CorpusBuildResult, folder: URL) {
    let (manifest, log) = (result.manifest, logging.log)
    var notes = [
      "\(Format.count(manifest.documents)) documents",
      "\(Format.count(manifest.emptyDocuments)) empty",
    ]
    if let duplicates = manifest.duplicateDocuments {
      notes.append("\(Format.count(duplicates)) duplicates left out")
    }
    if let dropped = manifest.droppedTokens {
      notes.append("\(Format.count(dropped)) tokens past the length dropped")
    }
    log.info(
      """
      \(notes.joined(separator: ", ")); unknown tokens \(Format.percent(manifest.unknownRate)); \
      vocabulary \(Format.count(manifest.vocabSize))
      """)
    if let heldOut = result.heldOut {
      log.info(
        """
        held out: \(Format.count(heldOut.documents)) documents, \(Format.count(heldOut.tokens)) \
        tokens in '\(CorpusBuilder.heldOutFolder(of: folder).path)'
        """)
    }
    for line in result.firstBadLines { log.warning("left out: \(line)") }
    if let count = manifest.badLines, count > 0 {
      log.warning("\(Format.count(count)) lines could not be used and were left out")
    }
    if manifest.repairedUTF8 > 0 {
      log.warning(
        """
        \(Format.count(manifest.repairedUTF8)) sequences of bytes were not UTF-8 and were repaired; \
        --strict stops at the first and says where
        """)
    }
  }
}

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
