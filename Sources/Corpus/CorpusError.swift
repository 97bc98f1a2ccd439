/// What can be wrong with text inputs, options or a tokenized corpus: what, where, how to mend it.
///
/// Errors of the storage below (a damaged shard, a full disk) arrive as `ShardStoreError`, those of
/// the vocabulary as the tokenizer's own error; each names file and reason in the same manner.
package enum CorpusError: Error, Equatable {
  /// An input path that does not exist, cannot be opened, or fails while it is read.
  case unreadable(file: String, reason: String)
  /// An input file whose name ends in no suffix that is read.
  case unsupportedFile(file: String)
  /// An input folder without a single text file, or no input at all.
  case noInput(folder: String?)
  /// Damage in a gzip file; `compressedOffset` counts bytes of the compressed file.
  case badGzip(file: String, compressedOffset: Int, reason: String)
  /// Damage in a Zstandard file; `compressedOffset` counts bytes of the compressed file.
  case badZstd(file: String, compressedOffset: Int, reason: String)
  /// A pattern that no file matches.
  case noMatch(pattern: String)
  /// Text that is not UTF-8, found under `strict`; the offset counts bytes of the uncompressed text.
  case invalidUTF8(file: String, line: Int, byteOffset: Int)
  /// A line of a `.jsonl` file that is not a JSON object.
  case badJSON(file: String, line: Int, reason: String)
  /// A JSON record whose text field is missing or not a string.
  case badField(file: String, line: Int, field: String, reason: String)
  /// A record of a table without the wanted column, or with quotes that do not close.
  case badRow(file: String, line: Int, reason: String)
  /// A table whose header lacks the wanted column.
  case noColumn(file: String, column: String, header: [String])
  /// A document longer than the reader is willing to hold, where documents have to be whole.
  case documentTooLong(file: String, line: Int, limitBytes: Int)
  /// A line longer than the reader is willing to hold in memory.
  case lineTooLong(file: String, line: Int, byteOffset: Int, limitBytes: Int)
  /// Inputs that gave no token at all.
  case emptyCorpus(files: [String], emptyDocuments: Int)
  /// A held-out share that took no document, or every one.
  case emptyPart(folder: String, share: Double, documents: Int)
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
        + "name it \(TextFormat.suffixes), after what it holds, or say with --input-format"
    case .noInput(let folder?):
      return "the folder '\(folder)' holds no file that ends in \(TextFormat.suffixes); "
        + "give a folder that does, or name the files themselves"
    case .noMatch(let pattern):
      return "no file matches '\(pattern)'; check the path"
    case .noInput(nil):
      return "no input was given; name at least one text file or folder"
    case .lineTooLong(let file, let line, let offset, let limit):
      return
        "'\(file)' line \(line), from byte \(offset) of its text, is longer than \(limit) bytes; "
        + "break the text into lines"
    case .emptyCorpus(let files, let empty):
      return "the corpus is empty: \(files.joined(separator: ", ")) gave no token "
        + "(\(empty) empty documents); check that the inputs hold text"
    case .emptyPart(let folder, let share, let documents):
      return "a held-out share of \(share) leaves '\(folder)' without a sequence "
        + "(\(documents) documents in all); choose another share, or give more text"
    case .invalidOption(let name, let value, let allowed):
      return "the option \(name) cannot be \(value); it has to be \(allowed)"
    default:
      return textDescription ?? folderDescription
    }
  }

  /// The messages about what is in a file.
  private var textDescription: String? {
    switch self {
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
    case .badZstd(let file, let offset, let reason):
      return "the Zstandard file '\(file)' is damaged at compressed byte \(offset): \(reason); "
        + "fetch or compress it again ('zstd -t' checks it)"
    case .badRow(let file, let line, let reason):
      return "'\(file)' line \(line) \(reason); mend the line, or name another column"
    case .noColumn(let file, let column, let header):
      return "'\(file)' has no column \"\(column)\"; its header names "
        + header.prefix(20).map { "\"\($0)\"" }.joined(separator: ", ")
    case .documentTooLong(let file, let line, let limit):
      return "the document at line \(line) of '\(file)' is longer than \(limit) bytes, which "
        + "--deduplicate and --held-out have to hold; part the text into documents"
    default:
      return nil
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
