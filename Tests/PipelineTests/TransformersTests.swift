import Foundation
import Kernels
import TestSupport
import Testing
import Tokenizer
import Transformer

/// What the program writes opens in `transformers`, and gives the same tokens and logits there.
@Suite(
  .enabled(
    if: PythonEnvironment.interpreter != nil,
    "skipped: no Python with torch and transformers; 'make python-env' makes one"))
struct TransformersTests {
  static let texts = [
    "The game [MASK] a new story, and [MASK] was Café-like: naïve!",
    "In 2011 the team [MASK] the war.",
  ]

  /// Ten times below what is promised, since the logits of these little models are below 1; float32
  /// in another order of sums leaves 2e-7 of them.
  static let tolerance: Float = 1e-5

  @Test(arguments: ["student", "teacher", "half", "albert"])
  func logitsAndTokensAreThoseOfTransformers(name: String) throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let python = try #require(PythonEnvironment.interpreter)
    let folder: String
    switch name {
    case "student": folder = work.student
    case "teacher": folder = work.teacher
    case "albert": folder = try ArchitectureTests.albert.get()
    default:
      folder = scratch.path("half")
      try Pipeline.succeed(work.trainStudent(output: folder, ["--weight-format", "fp16"]))
    }
    let file = scratch.path("logits.safetensors")
    let script = SharedFixtures.repository.appending(path: "Tests/PipelineTests/Python/logits.py")
    let outcome = try ChildProcess.run(
      python, [script.path, folder, file] + Self.texts, timeoutSeconds: 300)
    try #require(outcome.ending == .exited(0), "\(outcome.summary)")
    let theirs = try Safetensors(url: URL(filePath: file))
    try compare(theirs, folder: URL(filePath: folder))
  }

  private func compare(_ theirs: Safetensors, folder: URL) throws {
    let shape = try #require(theirs.shape(of: "logits"))
    let (length, vocabulary) = (shape[1], shape[2])
    let ids = try theirs.integers("input_ids")
    let mask = try theirs.integers("attention_mask")
    let logits = try theirs.floats("logits")

    let tokenizer = try WordPieceTokenizer.load(folder: folder)
    let sequences = try Self.texts.map { try tokenizer.encode($0).ids }
    for (row, sequence) in sequences.enumerated() {
      let range = row * length..<(row + 1) * length
      #expect(sequence == range.filter { mask[$0] == 1 }.map { Int32(ids[$0]) })
      #expect(sequence.contains(tokenizer.specialTokens.maskID))
    }

    let model = try MaskedLanguageModel.load(folder: folder)
    #expect(model.configuration.vocabSize == vocabulary)
    let batch = PackedBatch(sequences: sequences)
    model.encode(batch, training: false)
    var worst: Float = 0
    for (row, sequence) in sequences.enumerated() {
      let first = batch.sequenceStarts[row]
      let rows = sequence.indices.map { first + Int32($0) }
      model.forEachLogitChunk(rows: rows) { range, ours, _ in
        for (offset, position) in range.enumerated() {
          let start = (row * length + position) * vocabulary
          for (column, value) in ours.row(offset).enumerated() {
            worst = max(worst, abs(value - logits[start + column]))
          }
        }
      }
    }
    #expect(worst < Self.tolerance, "\(worst)")
  }
}
