/// What a tokenized corpus is: `manifest.json` of its folder, written last, with sorted keys.
package struct CorpusManifest: Codable, Hashable, Sendable {
  /// The format that this code writes and reads; see `docs/FORMAT.md`.
  package static let currentVersion = 1
  /// The manifest's file name.
  package static let fileName = "manifest.json"

  /// One input file.
  package struct Source: Codable, Hashable, Sendable {
    /// The file's name, or its path below the input folder; never an absolute path.
    package var name: String
    /// How it was read, such as `txt` or `jsonl.gz`.
    package var format: String
    /// Size on disk.
    package var bytes: Int
    /// SHA-256 of the file as it is on disk, in hexadecimal.
    package var digest: String
  }

  /// One shard file.
  package struct Shard: Codable, Hashable, Sendable {
    /// The file's name without `.sqlite`.
    package var name: String
    /// Sequences in it.
    package var sequences: Int
    /// Tokens in it, `[CLS]` and `[SEP]` included.
    package var tokens: Int
    /// Blocks in it.
    package var blocks: Int
    /// The shard's content digest, SHA-256 in hexadecimal.
    package var digest: String
  }

  /// The IDs of the five special tokens.
  package struct SpecialTokenIDs: Codable, Hashable, Sendable {
    /// The ID of `[PAD]`.
    package var pad: Int32
    /// The ID of `[UNK]`.
    package var unknown: Int32
    /// The ID of `[CLS]`.
    package var classify: Int32
    /// The ID of `[SEP]`.
    package var separator: Int32
    /// The ID of `[MASK]`.
    package var mask: Int32

    /// All five, in the order of the fields.
    package var all: [Int32] { [pad, unknown, classify, separator, mask] }
  }

  /// Version of the format.
  package var formatVersion: Int
  /// SHA-256 of the tokenizer's canonical description, in hexadecimal.
  package var tokenizerDigest: String
  /// Number of IDs of the vocabulary.
  package var vocabSize: Int
  /// The IDs of the special tokens.
  package var specialTokens: SpecialTokenIDs
  /// How the text was cut.
  package var options: CorpusOptions
  /// The input files, in the order they were read.
  package var sources: [Source]
  /// Documents that gave tokens.
  package var documents: Int
  /// Documents that gave none, of all inputs; they are dropped.
  package var emptyDocuments: Int
  /// Sequences of all shards.
  package var sequences: Int
  /// Tokens of all sequences, `[CLS]` and `[SEP]` included.
  package var tokens: Int
  /// How many of the tokens are `[UNK]`.
  package var unknownTokens: Int
  /// Ill-formed parts of UTF-8 that were replaced by U+FFFD.
  package var repairedUTF8: Int
  /// `lengthHistogram[n]` sequences have n tokens; `maxLength + 1` numbers.
  package var lengthHistogram: [Int]
  /// The shard files, in order.
  package var shards: [Shard]
  /// SHA-256 over tokens and block boundaries, in hexadecimal; see `docs/FORMAT.md`.
  package var digest: String
  /// SHA-256 of `tokenizer/vocab.txt`, in hexadecimal; nil in older manifests, as all below.
  package var vocabularyDigest: String?
  /// Where a share of the documents was held out: whether this is that share, or the rest.
  package var isHeldOut: Bool?
  /// Lines of all inputs that could not be used and were left out; nil where they end a build.
  package var badLines: Int?
  /// Documents of all inputs that were left out because they had been there before; nil where
  /// nobody asked.
  package var duplicateDocuments: Int?
  /// Tokens past the maximum length that were dropped; nil where documents are cut.
  package var droppedTokens: Int?

  /// The share of `[UNK]` among the tokens of text.
  package var unknownRate: Double {
    Double(unknownTokens) / Double(max(1, tokens - 2 * sequences))
  }

  /// Tokens of a sequence at most, `[CLS]` and `[SEP]` included.
  package var maxLength: Int { options.maxLength }
  /// Blocks of all shards.
  package var blocks: Int { shards.reduce(0) { $0 + $1.blocks } }
}
