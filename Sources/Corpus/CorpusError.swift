/// What can be wrong with text inputs, options or a tokenized corpus: what, where, how to mend it.
///
/// Errors of the storage below (a damaged shard, a full disk) arrive as `ShardStoreError`, those of
/// the vocabulary as the tokenizer's own error; each names file and reason in the same manner.
package enum CorpusError: Error, Equatable {
  /// An input path that does not exist, cannot be opened, or fails while it is read.
  case unreadable(file: String, reason: String)
  /// An input file whose name ends in none of the four suffixes.
  case unsupportedFile(file: String)
  /// An input folder without a single text file, or no input at all.
  case noInput(folder: String?)
  /// Damage in a gzip file; `compressedOffset` counts bytes of the compressed file.
  case badGzip(file: String, compressedOffset: Int, reason: String)
  /// Text that is not UTF-8, found under `strict`; the offset counts bytes of the uncompressed text.
  case invalidUTF8(file: String, line: Int, byteOffset: Int)
  /// A line of a `.jsonl` file that is not a JSON object.
  case badJSON(file: String, line: Int, reason: String)
  /// A JSON record whose text field is missing or not a string.
  case badField(file: String, line: Int, field: String, reason: String)
  /// A line longer than the reader is willing to hold in memory.
  case lineTooLong(file: String, line: Int, byteOffset: Int, limitBytes: Int)
  /// Inputs that gave no token at all.
  case emptyCorpus(files: [String], emptyDocuments: Int)
  /// An option out of its range.
  case invalidOption(name: String, value: String, allowed: String)
  /// A folder for the result that holds something other than a finished corpus.
  case folderOccupied(folder: String)
  /// A finished corpus in the way, built from other inputs or options.
  case differentCorpus(folder: String, differences: [String])
  /// A file or folder of the result that cannot be created, renamed or removed.
  case unwritable(path: String, reason: String)
  /// A folder that holds no finished corpus.
  case notACorpus(folder: String)
  /// A manifest that cannot be read, or that contradicts itself.
  case badManifest(file: String, reason: String)
  /// A shard that is not the one the manifest speaks of.
  case shardMismatch(shard: String, what: String, expected: String, found: String)
  /// Content of a block that no corpus writer produces.
  case badBlock(shard: String, block: Int, stream: String, reason: String)
  /// The tokenizer kept in the folder is not the one the corpus was made with.
  case tokenizerMismatch(folder: String, expected: String, found: String)
  /// The tokenized content differs from the manifest's digest though every shard is sound.
  case digestMismatch(folder: String, expected: String, found: String)
  /// A sequence that is longer than a whole batch may be.
  case sequenceExceedsBatch(block: Int, index: Int, tokens: Int, batchTokens: Int)
}

extension CorpusError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unreadable(let file, let reason):
      return "cannot read '\(file)': \(reason); check the path and its permissions"
    case .unsupportedFile(let file):
      return "'\(file)' is not a known kind of text file; "
        + "name it .txt, .jsonl, .txt.gz or .jsonl.gz, after what it holds"
    case .noInput(let folder?):
      return "the folder '\(folder)' holds no .txt, .jsonl, .txt.gz or .jsonl.gz file; "
        + "give a folder that does, or name the files themselves"
    case .noInput(nil):
      return "no input was given; name at least one text file or folder"
    case .badGzip(let file, let offset, let reason):
      return "the gzip file '\(file)' is damaged at compressed byte \(offset): \(reason); "
        + "fetch or compress it again ('gzip -t' checks it)"
    case .invalidUTF8(let file, let line, let offset):
      return
        "'\(file)' is not UTF-8 at byte \(offset) of its text (line \(line)); convert the file, "
        + "or leave out --strict to have such bytes replaced by U+FFFD and counted"
    case .badJSON(let file, let line, let reason):
      return "'\(file)' line \(line) is not a JSON object: \(reason); "
        + "every line of a .jsonl file has to be one object"
    case .badField(let file, let line, let field, let reason):
      return "'\(file)' line \(line): the field \"\(field)\" \(reason); "
        + "name the field that holds the text, or mend the line"
    case .lineTooLong(let file, let line, let offset, let limit):
      return
        "'\(file)' line \(line), from byte \(offset) of its text, is longer than \(limit) bytes; "
        + "break the text into lines"
    case .emptyCorpus(let files, let empty):
      return "the corpus is empty: \(files.joined(separator: ", ")) gave no token "
        + "(\(empty) empty documents); check that the inputs hold text"
    case .invalidOption(let name, let value, let allowed):
      return "the option \(name) cannot be \(value); it has to be \(allowed)"
    default:
      return folderDescription
    }
  }

  /// The messages about a corpus folder and its shards.
  private var folderDescription: String {
    switch self {
    case .folderOccupied(let folder):
      return "'\(folder)' exists and is not a tokenized corpus; it was left as it is: "
        + "choose another folder, or remove it first"
    case .differentCorpus(let folder, let differences):
      return "'\(folder)' holds a finished corpus that differs in "
        + differences.joined(separator: "; ")
        + ". It was left as it is: choose another folder, or remove it first"
    case .unwritable(let path, let reason):
      return "cannot write '\(path)': \(reason); check permissions and free space"
    case .notACorpus(let folder):
      return "'\(folder)' holds no finished tokenized corpus (no manifest.json); "
        + "run 'pipeline tokenize' first"
    case .badManifest(let file, let reason):
      return "the corpus manifest '\(file)' is not usable: \(reason); "
        + "run 'pipeline tokenize' again into a new folder"
    case .shardMismatch(let shard, let what, let expected, let found):
      return "corpus shard '\(shard)': \(what) is \(found), the manifest says \(expected); "
        + "run 'pipeline tokenize' again into a new folder"
    case .badBlock(let shard, let block, let stream, let reason):
      return "corpus shard '\(shard)', block \(block), stream \(stream): \(reason); "
        + "run 'pipeline tokenize' again into a new folder"
    case .tokenizerMismatch(let folder, let expected, let found):
      return
        "the tokenizer in '\(folder)' has digest \(found), the corpus was made with \(expected); "
        + "restore that folder, or run 'pipeline tokenize' again into a new one"
    case .digestMismatch(let folder, let expected, let found):
      return "the tokens in '\(folder)' have digest \(found), the manifest says \(expected); "
        + "run 'pipeline tokenize' again into a new folder"
    case .sequenceExceedsBatch(let block, let index, let tokens, let batchTokens):
      return
        "sequence \(index) of block \(block) has \(tokens) tokens, a batch at most \(batchTokens); "
        + "raise the tokens per batch to the corpus's maximum length or more"
    default:
      return "corpus error"
    }
  }
}
