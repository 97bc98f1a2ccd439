import Corpus
import Foundation
import Kernels
import Tokenizer

/// `tokenize`: text to a corpus of sealed shards, as the command does it.
struct TokenizeBenchmark {
  let text: URL
  /// A folder with the vocabulary.
  let vocabulary: URL
  let scratch: ScratchFolder

  /// The whole command against the tokenizer by itself, on text that is large enough for both.
  func rows(_ plan: MeasuringPlan) throws -> [ResultRow] {
    // Uncompressed, so that the figure is the tokenizer's and not the decompressor's.
    let lines = try plainText().lines.map { $0 + "\n" }.joined()
    let copies = max(1, plan.tokenizedBytes / max(1, lines.utf8.count))
    let text = Data(String(repeating: lines, count: copies).utf8)
    let input = scratch.fresh("text").appendingPathExtension("txt")
    try text.write(to: input)
    let tokenizer = try WordPieceTokenizer.load(folder: vocabulary)
    var tokens = 0
    let builder = try CorpusBuilder(tokenizer: tokenizer, jobs: Parallel.threads)
    let seconds = try Stopwatch.median(runs: plan.runs) { _ in
      let folder = scratch.fresh("corpus")
      tokens = try builder.build(inputs: [input], into: folder).manifest.tokens
      try FileManager.default.removeItem(at: folder)
    }
    try FileManager.default.removeItem(at: input)
    let megabytes = Double(text.count) / 1e6
    let command = ResultRow(name: "tokenize", unit: "MB/s", ours: megabytes / seconds)
    let bare = BareTokenizer(tokenizer: tokenizer, text: text)
    let threads = Set([1, Parallel.threads]).sorted()
    return threads.map {
      let alone = bare.seconds(threads: $0, runs: plan.runs)
      return command.against("bare, \($0) thread\($0 == 1 ? "" : "s")", megabytes / alone)
    } + [ResultRow(name: "tokenize", unit: "tokens/s", ours: Double(tokens) / seconds)]
  }

  /// A corpus of the text's beginning, of about so many tokens.
  func corpus(
    tokens: Int, options: CorpusOptions = CorpusOptions(documentUnit: .file)
  ) throws -> TokenizedCorpus {
    let (lines, bytes) = try plainText()
    // English has about four bytes a token here.
    var (count, size) = (0, 0)
    while count < lines.count, size < min(4 * tokens, bytes) {
      size += lines[count].utf8.count + 1
      count += 1
    }
    let input = scratch.fresh("beginning").appendingPathExtension("txt")
    try Data(lines[..<count].joined(separator: "\n").utf8).write(to: input)
    let folder = scratch.fresh("corpus")
    let tokenizer = try WordPieceTokenizer.load(folder: vocabulary)
    _ = try CorpusBuilder(tokenizer: tokenizer, options: options)
      .build(inputs: [input], into: folder)
    return try TokenizedCorpus.open(folder: folder)
  }

  private func plainText() throws -> (lines: [String], bytes: Int) {
    var lines: [String] = []
    for file in try TextFile.list([text]) {
      try TextSource(file: file, unit: .line, jsonField: "text", strict: false).forEachEvent {
        if case .text(let line) = $0 { lines.append(String(decoding: line, as: UTF8.self)) }
      }
    }
    return (lines, lines.reduce(0) { $0 + $1.utf8.count + 1 })
  }
}
