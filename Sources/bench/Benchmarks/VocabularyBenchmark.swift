import Corpus
import Foundation
import Kernels
import Tokenizer

/// `train-vocab`: text to a vocabulary of 30,522 tokens, from the file to the list of tokens.
struct VocabularyBenchmark {
  let text: URL
  let scratch: ScratchFolder

  /// The most text that is read, in bytes.
  private static let limitBytes = 10_000_000

  func rows(_ plan: MeasuringPlan) throws -> [ResultRow] {
    let (input, bytes) = try plainText()
    let trainer = try VocabularyTrainer()
    let seconds = try Stopwatch.median(runs: plan.runs) { _ in
      let counted = try TextWordCount(inputs: [input], options: .uncased, jobs: Parallel.threads)
      _ = try trainer.train(counted.words)
    }
    let megabytes = Double(bytes) / 1e6
    return [
      ResultRow(
        name: "train-vocab, \(Int(megabytes.rounded())) MB", unit: "MB/s", ours: megabytes / seconds
      )
      .against("tokenizers", peerSeconds(input, runs: plan.longRuns).map { megabytes / $0 })
    ]
  }

  /// The text's beginning as a plain file, whole lines.
  private func plainText() throws -> (file: URL, bytes: Int) {
    var bytes: [UInt8] = []
    for file in try TextFile.list([text]) {
      try TextSource(file: file, unit: .line).forEachEvent {
        guard case .text(let line) = $0, bytes.count + line.count < Self.limitBytes else { return }
        bytes += line
        bytes.append(UInt8(ascii: "\n"))
      }
    }
    let file = scratch.fresh("vocabulary").appendingPathExtension("txt")
    try Data(bytes).write(to: file)
    return (file, bytes.count)
  }

  /// The same by Hugging Face `tokenizers`; nil where there is no Python with it.
  private func peerSeconds(_ input: URL, runs: Int) -> Double? {
    PythonPeer.figures(
      "train_vocab.py", [input.path, "\(runs)"],
      environment: ["RAYON_NUM_THREADS": "\(Parallel.threads)"])?["seconds"]
  }
}
