import ArgumentParser
import Console
import Corpus
import Foundation
import Kernels
import LogitCache

/// `bench`: the speed of the pipeline's parts, or how near a cached teacher is to an online one.
@main
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure the pipeline's speed, with peers where there are any.",
    discussion: """
      Prints a table and writes its rows as JSON. Values are medians of several runs after a \
      warm-up. PyTorch is measured beside it where DECANT_PYTHON, or .build/python/bin/python, is a \
      Python with torch and transformers.

      With --cached-vs-online it trains one student three ways instead, from the teacher in memory \
      and from two caches, and fails where a cache costs more of the held-out loss than it may.
      """)

  @Flag(help: "Fewer runs on less text: about a minute.")
  var quick = false

  @Flag(help: "Compare held-out losses of cached and online training, instead of speed.")
  var cachedVsOnline = false

  @Flag(help: "Measure the tokenizer alone, on the data sets of --data.")
  var tokenizer = false

  @Flag(help: "Measure the soft-target losses alone.")
  var losses = false

  @Flag(help: "Measure the decoding of caches alone, and reading beside LMDB and MDS.")
  var reading = false

  @Option(
    parsing: .upToNextOption,
    help: "For --reading, caches to decode; the first with the tail lowrank is read beside peers.")
  var cache: [String] = []

  @Flag(
    help: "Compare models' speed and memory with PyTorch and ONNX Runtime: at most 12 minutes.")
  var compute = false

  @Option(help: "For --compute, only comparisons whose names have this in them, as 'mlm'.")
  var only: String?

  @Option(
    help: ArgumentHelp(
      "Print this process's peak memory after two training steps; for --compute.",
      visibility: .hidden))
  var stepMemory: String?

  @Flag(help: "Measure bytes and fidelity of the cache's targets, of --real-teacher.")
  var fidelity = false

  @Flag(help: "With --fidelity, measure the mass of tails at T = 1, 1.25 ... 8 too.")
  var tails = false

  @Option(help: "Share of the predicted tokens that stay as they are, for --fidelity.")
  var keptShare = 0.1

  @Option(help: "The folder of a teacher with real weights, for --fidelity and --compute.")
  var realTeacher = "../shared/models/minilm-mlm"

  @Option(
    help:
      "A folder of data sets, for --tokenizer and --fidelity; skipped elsewhere where it is missing."
  )
  var data = "../shared/data"

  @Option(help: "The small teacher: a folder with its vocabulary.")
  var teacher = "data/demo-teacher"

  @Option(help: "Text to read.")
  var text = "data/wikitext/train.txt.gz"

  @Option(help: "Held-out text, for --cached-vs-online.")
  var heldOut = "data/wikitext/heldout.txt.gz"

  @Option(
    help: "Optimiser steps of each training, for --cached-vs-online; the default is the demo's.")
  var steps: Int?

  @Option(help: "Where results.json goes, and the files that are made meanwhile.")
  var output = ".build/bench"

  @Option(help: "Threads; the default is the cores that this process may use.")
  var threads: Int?

  func validate() throws {
    if !(0...0.9).contains(keptShare) {
      throw ValidationError("--kept-share \(keptShare) is not 0 to 0.9")
    }
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads) is not between 1 and 1024")
    }
    if let steps, steps < 1 { throw ValidationError("--steps \(steps) is not positive") }
    for path in [teacher, text] + (cachedVsOnline ? [heldOut] : [])
      + (fidelity ? [realTeacher, data] : [])
    where !FileManager.default.fileExists(atPath: path) {
      throw ValidationError(
        "'\(path)' is not there: run this in the repository's folder, or see --help")
    }
  }

  func run() throws {
    FreedMemory.keep()
    if let threads { Parallel.threads = threads }
    let machine = Machine.current()
    Terminal.note(machine.text)
    let folder = URL(filePath: output)
    let scratch = try ScratchFolder(in: folder)
    defer { scratch.remove() }
    let teacher = URL(filePath: teacher)
    if cachedVsOnline {
      let comparison = CachedVersusOnline(
        teacher: teacher, text: URL(filePath: text), heldOut: URL(filePath: heldOut),
        steps: steps, scratch: scratch)
      guard try comparison.run() else { throw ExitCode.failure }
      return
    }
    if fidelity {
      return try FidelityBenchmark(
        teacher: URL(filePath: realTeacher),
        text: URL(filePath: data).appending(path: "wikitext-2/valid.txt.gz"),
        keptShare: keptShare, wantsTails: tails, scratch: scratch
      ).run()
    }
    if let stepMemory {
      return Terminal.output(try StepMemory.measure(stepMemory, scratch: scratch))
    }
    if compute {
      let benchmark = ComputeBenchmark(
        plan: ComputePlan(isQuick: quick), realTeacher: URL(filePath: realTeacher),
        vocabulary: teacher, text: URL(filePath: text), scratch: scratch, output: folder,
        only: only)
      guard try benchmark.run(machine: machine) else { throw ExitCode.failure }
      return
    }
    var results = Results(machine: machine, isQuick: quick)
    let plan = MeasuringPlan(isQuick: quick)
    if losses {
      results.add(SoftTargetBenchmark().rows(plan))
      return Terminal.output(results.table)
    }
    if reading {
      try measureReading(plan, teacher: teacher, scratch: scratch, into: &results)
      return Terminal.output(results.table)
    }
    try measureTokenizer(plan, scratch: scratch, into: &results)
    if !tokenizer { try measure(plan, teacher: teacher, scratch: scratch, into: &results) }
    Terminal.output(results.table)
    try results.write(to: folder.appending(path: "results.json"))
  }

  private func measureTokenizer(
    _ plan: MeasuringPlan, scratch: ScratchFolder, into results: inout Results
  ) throws {
    let folder = URL(filePath: data)
    guard FileManager.default.fileExists(atPath: folder.path) else {
      return Terminal.note("no tokenizer rows: '\(data)' is not there")
    }
    let benchmark = TokenizerBenchmark(
      vocabulary: folder.appending(path: "tokenizers/bert-base-uncased"), data: folder,
      scratch: scratch)
    results.add(try benchmark.rows(plan))
  }

  /// Decodes caches that are there, or that a teacher of random weights fills.
  private func measureReading(
    _ plan: MeasuringPlan, teacher: URL, scratch: ScratchFolder, into results: inout Results
  ) throws {
    var folders = cache.map { URL(filePath: $0) }
    if folders.isEmpty {
      let corpus = try TokenizeBenchmark(
        text: URL(filePath: text), vocabulary: teacher, scratch: scratch
      ).corpus(tokens: plan.corpusTokens)
      folders = try DecodingBenchmark.caches(corpus: corpus, scratch: scratch)
    }
    for folder in folders { results.add(try DecodingBenchmark(cache: folder).rows(plan)) }
    let peer = try folders.first {
      try CacheReader(folder: $0).specification.targets.map(\.tail) == [.lowrank]
    }
    if let peer {
      results.add(try ReadingComparison(cache: peer, scratch: scratch).rows(plan))
    }
  }

  private func measure(
    _ plan: MeasuringPlan, teacher: URL, scratch: ScratchFolder, into results: inout Results
  ) throws {
    let peers = PyTorchPeer(plan: plan)
    results.add(ProductBenchmark.rows(plan, peers))
    results.add(EncoderBenchmark.rows(plan, peers))
    results.add(SoftTargetBenchmark().rows(plan))
    let text = URL(filePath: text)
    let tokenizing = TokenizeBenchmark(text: text, vocabulary: teacher, scratch: scratch)
    results.add(try tokenizing.rows(plan))
    results.add(try VocabularyBenchmark(text: text, scratch: scratch).rows(plan))
    let corpus = try tokenizing.corpus(tokens: plan.corpusTokens)
    let large = TeacherShape.sixLayers384(vocabSize: corpus.manifest.vocabSize)
    for shape in [try TeacherShape.folder(teacher), large] {
      let benchmark = TeacherBenchmark(shape: shape, corpus: corpus, scratch: scratch)
      results.add(try benchmark.rows(plan))
    }
    let cache = try TeacherBenchmark(shape: large, corpus: corpus, scratch: scratch)
      .fill(name: "cache").folder
    results.add(try CacheReadingBenchmark(cache: cache).rows(plan))
    try measureReading(plan, teacher: teacher, scratch: scratch, into: &results)
    let students = StudentBenchmark(teacher: large, corpus: corpus, cache: cache, scratch: scratch)
    results.add(try students.rows(plan, peers))
    if let note = peers.note { Terminal.note(note) }
  }
}
