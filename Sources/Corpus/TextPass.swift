import Tokenizer

/// Takes the pieces of documents through replacement, tokenization and packing.
struct TextPass {
  private let tokenizer: WordPieceTokenizer
  private let replacements: [TextReplacement]
  private var packer: SequencePacker
  private var ids: [Int32] = []
  private var documentTokens = 0

  /// Where the sequences go.
  let output: CorpusShardWriter
  /// Documents that gave tokens.
  private(set) var documents = 0
  /// Documents that gave none.
  private(set) var emptyDocuments = 0

  init(tokenizer: WordPieceTokenizer, options: CorpusOptions, output: CorpusShardWriter) {
    self.tokenizer = tokenizer
    self.output = output
    replacements = options.replacements
    packer = SequencePacker(maxLength: options.maxLength, mixDocuments: options.mixDocuments)
  }

  /// Takes what the source found next.
  mutating func take(_ event: TextSource.Event) throws {
    switch event {
    case .text(let bytes):
      ids.removeAll(keepingCapacity: true)
      tokenize(bytes, replacing: replacements[...])
      documentTokens += ids.count
      try packer.append(ids, emit: output.append(body:))
    case .endOfDocument:
      if documentTokens == 0 {
        emptyDocuments += 1
      } else {
        documents += 1
      }
      documentTokens = 0
      try packer.endDocument(emit: output.append(body:))
    }
  }

  /// Ends a file: no sequence goes on into the next.
  mutating func endFile() throws {
    try packer.flush(emit: output.append(body:))
  }

  private mutating func tokenize(
    _ bytes: UnsafeRawBufferPointer, replacing rest: ArraySlice<TextReplacement>
  ) {
    for (index, replacement) in zip(rest.indices, rest) {
      if let replaced = replacement.apply(to: bytes) {
        replaced.withUnsafeBytes { tokenize($0, replacing: rest[(index + 1)...]) }
        return
      }
    }
    tokenizer.appendTokenIDs(ofUTF8: bytes, to: &ids)
  }
}
