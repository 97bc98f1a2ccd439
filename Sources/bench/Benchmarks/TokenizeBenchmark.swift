import Corpus
import Foundation
import Tokenizer

/// `tokenize`: text to a corpus of sealed shards, as the command does it.
struct TokenizeBenchmark {
  let text: URL
  /// A folder with the vocabulary.
  let vocabulary: URL
  let scratch: ScratchFolder

  func rows(_ plan: MeasuringPlan) throws -> [ResultRow] {
    // Uncompressed, so that the figure is the tokenizer's and not the decompressor's.
    let (lines, bytes) = try plainText()
    let input = scratch.fresh("text").appendingPathExtension("txt")
    try Data(lines.joined(separator: "\n").utf8).write(to: input)
    let tokenizer = try WordPieceTokenizer.load(folder: vocabulary)
    var tokens = 0
    let seconds = try Stopwatch.median(runs: plan.runs) { _ in
      let folder = scratch.fresh("corpus")
      tokens = try CorpusBuilder(tokenizer: tokenizer).build(inputs: [input], into: folder)
        .manifest.tokens
    }
    return [
      ResultRow(name: "tokenize", unit: "MB/s", ours: Double(bytes) / seconds / 1e6),
      ResultRow(name: "tokenize", unit: "tokens/s", ours: Double(tokens) / seconds),
    ]
  }

  /// A corpus of the text's beginning, of about so many tokens.
  func corpus(tokens: Int) throws -> TokenizedCorpus {
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
    _ = try CorpusBuilder(
      tokenizer: tokenizer, options: CorpusOptions(documentUnit: .file)
    ).build(inputs: [input], into: folder)
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
