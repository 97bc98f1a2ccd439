import Console
import Foundation
import Tokenizer

/// The tokenizer by itself, on whole files, with nanotoken and Hugging Face `tokenizers` beside it.
struct TokenizerBenchmark {
  /// A folder with `vocab.txt` and `tokenizer.json`.
  let vocabulary: URL
  /// Folder of the data sets: WikiText-2, IMDb, the multilingual files.
  let data: URL
  let scratch: ScratchFolder

  /// Text whose every word is new and as long as words can be.
  private static let adversarialBytes = 5_000_000

  func rows(_ plan: MeasuringPlan) throws -> [ResultRow] {
    let tokenizer = try WordPieceTokenizer.load(folder: vocabulary)
    let texts = try texts()
    let peer =
      PythonPeer.figures(
        "tokenizers_peer.py",
        [vocabulary.path, "\(plan.runs)"] + texts.map { "\($0.name)=\($0.file.path)" }) ?? [:]
    var rows: [ResultRow] = []
    for text in texts {
      let bytes = [UInt8](try Data(contentsOf: text.file))
      let megabytes = Double(bytes.count) / 1e6
      let ids = TokenizerTimes(ids: bytes, tokenizer, runs: plan.runs)
      if let tokens = peer["nanotoken tokens \(text.name)"], Int(tokens) != ids.tokens {
        throw ValidationFailure(
          description: "nanotoken finds \(Int(tokens)) tokens in \(text.name), not \(ids.tokens)")
      }
      func row(_ what: String, _ seconds: Double, _ name: String, _ value: Double?) -> ResultRow {
        ResultRow(name: "\(what), \(text.name)", unit: "MB/s", ours: megabytes / seconds)
          .against(name, value)
      }
      let hugging = peer["tokenizers \(text.name)"]
      rows += [
        row("IDs warm", ids.warm, "nanotoken", peer["nanotoken warm \(text.name)"]),
        row("IDs cold", ids.cold, "nanotoken", peer["nanotoken cold \(text.name)"]),
        row("IDs warm", ids.warm, "tokenizers", hugging),
        row("IDs cold", ids.cold, "tokenizers", hugging),
      ]
      let spans = TokenizerTimes(spans: bytes, tokenizer, runs: plan.runs)
      rows.append(
        row("offsets warm", spans.warm, "tokenizers", peer["tokenizers offsets \(text.name)"])
      )
    }
    rows += try threadRows(texts[1].file, tokenizer, plan)
    let load = try Stopwatch.median(runs: plan.runs) { _ in
      _ = try WordPieceTokenizer.load(folder: vocabulary)
    }
    rows.append(ResultRow(name: "load a vocabulary", unit: "ms", ours: load * 1e3))
    return rows
  }

  /// One thread against two, warm, on a text long enough for both.
  private func threadRows(
    _ file: URL, _ tokenizer: WordPieceTokenizer, _ plan: MeasuringPlan
  ) throws -> [ResultRow] {
    let bytes = [UInt8](try Data(contentsOf: file))
    let encoders = [1, 2].map { ParallelTokenIDEncoder(tokenizer, threads: $0) }
    var best = [Double](repeating: .infinity, count: 2)
    // In turns, so that what else the machine does meets both.
    for _ in 0...2 * plan.runs {
      for (index, encoder) in encoders.enumerated() {
        let start = ContinuousClock.now
        let parts = bytes.withUnsafeBytes { encoder.tokenIDs(ofUTF8: $0) }
        best[index] = min(best[index], (ContinuousClock.now - start).seconds)
        precondition(!parts.isEmpty, "the text has tokens")
      }
    }
    let megabytes = Double(bytes.count) / 1e6
    return [
      ResultRow(name: "two threads, IMDb", unit: "MB/s", ours: megabytes / best[1])
        .against("one thread", megabytes / best[0])
    ]
  }

  private func texts() throws -> [(name: String, file: URL)] {
    [
      ("WikiText-2", try plain("wikitext-2/train.txt.gz", column: nil)),
      ("IMDb", try plain("imdb/train.tsv.gz", column: 3)),
      (
        "multilingual",
        try join([
          plain("multilingual/udhr2.tsv.gz", column: 1),
          plain("multilingual/tatoeba_xtreme.tsv.gz", column: 1),
          plain("multilingual/wagahaiwa_nekodearu.ja.txt.gz", column: nil),
          plain("multilingual/blns.txt", column: nil),
          plain("multilingual/emoji-test.txt.gz", column: nil),
        ])
      ), ("no word twice", try adversarial()),
    ]
  }

  /// The text of a file, or of one column of it, as a plain file.
  private func plain(_ name: String, column: Int?) throws -> URL {
    let url = data.appending(path: name)
    let text = try GzipText.read(url)
    let target = scratch.fresh("text").appendingPathExtension("txt")
    guard let column else {
      try Data(text).write(to: target)
      return target
    }
    var lines: [UInt8] = []
    for line in text.split(separator: 0x0A) {
      let fields = line.split(separator: 0x09, omittingEmptySubsequences: false)
      if fields.count > column {
        lines += fields[column]
        lines.append(0x0A)
      }
    }
    try Data(lines).write(to: target)
    return target
  }

  private func join(_ files: [URL]) throws -> URL {
    let target = scratch.fresh("text").appendingPathExtension("txt")
    try Data(files.flatMap { [UInt8](try Data(contentsOf: $0)) }).write(to: target)
    return target
  }

  private func adversarial() throws -> URL {
    var state: UInt64 = 1
    var text: [UInt8] = []
    while text.count < Self.adversarialBytes {
      for _ in 0..<100 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        text.append(UInt8(ascii: "a") + UInt8(state >> 33 & 0xFF) % 26)
      }
      text.append(UInt8(ascii: " "))
    }
    let target = scratch.fresh("text").appendingPathExtension("txt")
    try Data(text).write(to: target)
    return target
  }
}

/// What stops a comparison.
struct ValidationFailure: Error, CustomStringConvertible {
  let description: String
}

/// The best times of an encoder that is new, and of one that has seen the text.
struct TokenizerTimes {
  private(set) var cold = Double.infinity
  private(set) var warm = Double.infinity
  private(set) var tokens = 0

  /// Times of IDs alone.
  init(ids text: [UInt8], _ tokenizer: WordPieceTokenizer, runs: Int) {
    measure(runs: runs, [Int32].self) {
      let encoder = TokenIDEncoder(tokenizer)
      return { ids in text.withUnsafeBytes { encoder.appendTokenIDs(ofUTF8: $0, to: &ids) } }
    }
  }

  /// Times of tokens with offsets.
  init(spans text: [UInt8], _ tokenizer: WordPieceTokenizer, runs: Int) {
    measure(runs: runs, [TokenSpan].self) {
      let encoder = TokenSpanEncoder(tokenizer)
      return { spans in text.withUnsafeBytes { encoder.appendTokens(ofUTF8: $0, to: &spans) } }
    }
  }

  private mutating func measure<Element>(
    runs: Int, _ type: [Element].Type, _ make: () -> (inout [Element]) -> Void
  ) {
    for _ in 0..<runs {
      var output: [Element] = []
      var start = ContinuousClock.now
      let encode = make()
      encode(&output)
      cold = min(cold, (ContinuousClock.now - start).seconds)
      for _ in 0..<runs {
        output.removeAll(keepingCapacity: true)
        start = ContinuousClock.now
        encode(&output)
        warm = min(warm, (ContinuousClock.now - start).seconds)
      }
      tokens = output.count
    }
  }
}
