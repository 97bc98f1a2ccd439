import ArgumentParser
import Console
import Corpus
import Foundation
import Kernels
import StudentTrainer
import Transformer

/// `pipeline evaluate`: held-out loss, size and latency of models side by side.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Compare models on held-out text.",
    discussion: """
      For each Hugging Face folder: masked-token loss (nats) and accuracy on a tokenized corpus \
      with fixed masks, parameters, bytes on disk, and the median latency of one sequence of 128 \
      tokens. With --cache, what the soft targets cost, too.
      """)

  @Argument(help: "Model folders (BERT, DistilBERT or ALBERT).")
  var models: [String]

  @Option(help: "A tokenized corpus of held-out text.")
  var corpus: String

  @Option(help: "The logit cache that students were trained from.")
  var cache: String?

  @Option(help: "Tokens to read at most.")
  var maxTokens: Int?

  @Flag(help: "Write JSON instead of a table.")
  var json = false

  @Option(help: "What products multiply, fp32 or bf16; fp32 makes figures of all machines agree.")
  var precision = Precision.fp32

  @OptionGroup(title: "Common") var common: CommonOptions

  func validate() throws {
    if json && cache != nil {
      throw ValidationError("--json does not carry the cache's report: leave out --cache")
    }
    if let maxTokens, maxTokens < 1 {
      throw ValidationError("--max-tokens \(maxTokens) is not 1 or more")
    }
  }

  func run() throws {
    common.start(precision)
    let evaluator = try HeldOut.evaluator(
      TokenizedCorpus.open(folder: URL(argument: corpus)), maxTokens: maxTokens ?? .max)
    let bar = ProgressBar("evaluate", quiet: common.quiet)
    var reports: [ModelReport] = []
    for (index, path) in models.enumerated() {
      bar.update(Double(index) / Double(models.count), path)
      reports.append(
        try ModelReport(
          folder: URL(argument: path), name: path, evaluator: evaluator, precision: precision))
    }
    bar.finish(Format.count(models.count, "model"))
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      encoder.keyEncodingStrategy = .convertToSnakeCase
      return Terminal.output(String(decoding: try encoder.encode(reports), as: UTF8.self))
    }
    Terminal.output(ModelReport.table(reports))
    if let cache {
      Terminal.output("")
      for line in try CacheReport(folder: URL(argument: cache)).lines(students: reports) {
        Terminal.output(line)
      }
    }
  }
}
