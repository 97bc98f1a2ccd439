import Corpus
import Foundation
import Tokenizer
import Transformer

/// A small sound tokenized corpus.
struct BaseCorpus: Base {
  /// An answer of a corpus.
  enum Item: Equatable {
    case manifest(CorpusManifest)
    case block(SequenceBlock)
    case lengths([Int32])
    case counts([UInt64])
    case sequences([[Int32]])
    case verified
  }

  /// Blocks asked for at most, of a manifest that declares more.
  private static let mostBlocks = 6

  let name: String
  let folder: URL
  let files: [String: [UInt8]]
  let content: any FolderContent
  private(set) var expected: [String: Item] = [:]

  /// Corpora of several shards, of a vocabulary that needs four bytes a token, and the two that a
  /// held-out share makes with every option that leaves text out.
  static func all(in parent: URL) throws -> [any Base] {
    var parted = CorpusOptions(maxLength: 12, mixDocuments: false, shardTokens: 900)
    parted.cut = .word
    parted.onePerDocument = true
    parted.deduplicate = true
    parted.heldOut = 0.3
    parted.skipsBadLines = true
    parted.column = "1"
    let small = CorpusOptions(maxLength: 16, mixDocuments: true, shardTokens: 1500)
    let folders = [
      try make("corpus", words: 31, lines: 700, options: small, in: parent),
      try make(
        "wide corpus", words: 66_000, lines: 150, options: CorpusOptions(maxLength: 20), in: parent),
      try make("parted corpus", words: 40, lines: 900, options: parted, in: parent),
    ]
    return try (folders + [CorpusBuilder.heldOutFolder(of: folders[2])]).map(BaseCorpus.init)
  }

  /// Builds a corpus from seeded lines.
  private static func make(
    _ name: String, words: Int, lines: Int, options: CorpusOptions, in parent: URL
  ) throws -> URL {
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    let vocabulary = special + (0..<words - special.count).map { "w\($0)" }
    let folder = parent.appending(path: "text of \(name)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let file = folder.appending(path: "vocab.txt")
    try Data((vocabulary.joined(separator: "\n") + "\n").utf8).write(to: file)
    var generator = SplitMix64(seed: UInt64(words))
    let text = (0..<lines).map { _ in
      (0..<Int.random(in: 0...30, using: &generator)).map { _ in
        "w\(Int.random(in: 0..<words, using: &generator))"
      }.joined(separator: " ")
    }
    let input = folder.appending(path: "text.txt")
    try Data(text.joined(separator: "\n").utf8).write(to: input)
    let output = parent.appending(path: name)
    _ = try CorpusBuilder(
      tokenizer: .load(vocabularyFile: file), options: options
    ).build(inputs: [input], into: output)
    return output
  }

  private init(folder: URL) throws {
    self.folder = folder
    name = folder.lastPathComponent
    files = try Self.files(of: folder)
    content = try CorpusContent(folder: folder, countsTokens: name == "corpus")
    expected = try answers()
  }

  func open(_ folder: URL) throws -> TokenizedCorpus { try TokenizedCorpus.open(folder: folder) }

  func questions(of corpus: TokenizedCorpus) -> [Question<TokenizedCorpus, Item>] {
    var questions: [Question<TokenizedCorpus, Item>] = [
      Question("manifest") { .manifest($0.manifest) },
      Question("counts") { .counts(try $0.tokenCounts()) },
    ]
    for block in 0..<min(corpus.blockCount, Self.mostBlocks) {
      questions += [
        Question("lengths of block \(block)") { .lengths(try $0.lengths(block: block)) },
        Question("block \(block)") { .block(try $0.block(block)) },
      ]
    }
    questions += [
      Question("sample") { corpus in
        .sequences(
          try corpus.sample(count: 4, seed: 7).map {
            Array(try corpus.block($0.block).sequence($0.index))
          })
      },
      Question("verification") { corpus in
        try corpus.verify()
        return .verified
      },
    ]
    return questions
  }

  func bounds(of corpus: TokenizedCorpus) throws -> (Item) throws -> Void {
    CorpusBounds(manifest: corpus.manifest).check
  }
}

/// What holds of every number that a corpus gives, whoever wrote the file.
private struct CorpusBounds {
  let manifest: CorpusManifest

  func check(_ item: BaseCorpus.Item) throws {
    switch item {
    case .manifest, .verified: break
    case .block(let block):
      try check(block.lengths)
      for index in 0..<block.count { try check(block.sequence(index)) }
    case .lengths(let lengths): try check(lengths)
    case .counts(let counts):
      try require(counts.count == manifest.vocabSize, "counts of another vocabulary")
      try require(
        counts.reduce(0, +) == UInt64(manifest.tokens), "counts that are not those of the tokens")
    case .sequences(let sequences): for sequence in sequences { try check(sequence[...]) }
    }
  }

  private func check(_ lengths: [Int32]) throws {
    try require((1...128).contains(lengths.count), "\(lengths.count) sequences in a block")
    try require(
      lengths.allSatisfy { (3...manifest.maxLength).contains(Int($0)) }, "a length")
  }

  private func check(_ sequence: ArraySlice<Int32>) throws {
    try require(sequence.allSatisfy { (0..<Int32(manifest.vocabSize)).contains($0) }, "a token")
    try require(
      sequence.first == manifest.specialTokens.classify
        && sequence.last == manifest.specialTokens.separator, "the ends of a sequence")
  }

  private func require(_ condition: Bool, _ what: String) throws {
    if !condition { throw Bounds.Broken(description: what) }
  }
}
