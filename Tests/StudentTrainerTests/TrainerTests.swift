import Corpus
import Foundation
import Kernels
import ShardStore
import StudentTrainer
import TestSupport
import Testing
import Transformer

struct TrainerTests {
  let world: TinyWorld

  init() throws { world = try TinyWorld() }

  func source(_ configuration: TrainingConfiguration) throws -> CorpusBatchSource {
    try CorpusBatchSource(
      corpus: world.corpus, masks: world.masks(), configuration: configuration)
  }

  /// Runs from a fresh student; the folder decides whether it resumes.
  @discardableResult
  func train(
    _ configuration: TrainingConfiguration, in folder: URL, failsAtCall: Int? = nil,
    seed: UInt64 = 5
  ) throws -> (model: MaskedLanguageModel, result: TrainingResult, source: FailingSource) {
    let model = TinyWorld.model(seed: seed)
    let source = FailingSource(try source(configuration), failsAtCall: failsAtCall)
    let result = try Trainer(
      model: model, source: source, configuration: configuration, folder: folder,
      evaluator: try Evaluator(corpus: world.corpus, masks: world.masks(seed: 99))
    ).run()
    return (model, result, source)
  }

  func metrics(_ folder: URL) throws -> [[String: Any]] {
    let text = try String(contentsOf: folder.appending(path: "metrics.jsonl"), encoding: .utf8)
    return try text.split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
  }

  func losses(_ folder: URL) throws -> [String] {
    try metrics(folder).map { line in
      ["step", "epoch", "loss", "learning_rate", "grad_norm", "eval_loss", "tokens"]
        .map { "\(line[$0] ?? "-")" }.joined(separator: " ")
    }
  }

  @Test("the memory of the largest batch is planned before the first step")
  func plannedMemory() throws {
    let folder = try TemporaryFolder()
    let configuration = TinyWorld.configuration()
    let model = TinyWorld.model(seed: 5)
    let observer = PlanObserver()
    _ = try Trainer(
      model: model, source: try source(configuration), configuration: configuration,
      folder: folder.url, observer: observer
    ).run()
    let longest = try (0..<world.corpus.blockCount).map {
      Int(try world.corpus.lengths(block: $0).max() ?? 0)
    }.max()
    let tokens = configuration.batchTokens
    let batch = MemoryPlan.Batch(
      tokens: tokens, longestSequence: try #require(longest), headRows: tokens)
    #expect(
      observer.plan == MemoryPlan(training: model.configuration, precision: .fp32, batch: batch))
    #expect(observer.stepsBefore == 0)
  }

  @Test(
    "a run that is interrupted at any moment ends in the same bits", arguments: [1, 2, 5, 8, 14])
  func exactResume(failsAtCall: Int) throws {
    let folder = try TemporaryFolder()
    var configuration = TinyWorld.configuration()
    configuration.accumulation = 2
    configuration.intervals.evaluation = 4
    let whole = folder.url.appending(path: "whole")
    let broken = folder.url.appending(path: "broken")
    let expected = try train(configuration, in: whole)
    #expect(expected.result.summary.steps > 8)
    #expect(throws: Interruption.self) {
      try train(configuration, in: broken, failsAtCall: failsAtCall)
    }
    // A second interruption soon after the first.
    #expect(throws: Interruption.self) { try train(configuration, in: broken, failsAtCall: 4) }
    let resumed = try train(configuration, in: broken)
    #expect(bits(resumed.model.parameters) == bits(expected.model.parameters))
    #expect(try losses(broken) == losses(whole))
    #expect(resumed.result.summary.evaluation == expected.result.summary.evaluation)
    #expect(resumed.result.summary.tokens == expected.result.summary.tokens)
  }

  @Test("a finished run reports itself, gives its weights and does nothing")
  func finished() throws {
    let folder = try TemporaryFolder()
    let configuration = TinyWorld.configuration(steps: 4)
    let first = try train(configuration, in: folder.url)
    let again = try train(configuration, in: folder.url)
    #expect(!first.result.wasFinished && again.result.wasFinished)
    #expect(again.result.summary == first.result.summary)
    #expect(again.source.callCount == 0)
    #expect(bits(again.model.parameters) == bits(first.model.parameters))
  }

  @Test("training lowers the held-out loss and writes a line for each logged step")
  func learns() throws {
    let folder = try TemporaryFolder()
    var configuration = TinyWorld.configuration()
    configuration.epochs = 6
    configuration.intervals.evaluation = 5
    let before = try Evaluator(corpus: world.corpus, masks: world.masks(seed: 99))
      .evaluate(TinyWorld.model(seed: 5))
    let (_, result, _) = try train(configuration, in: folder.url)
    let after = try #require(result.summary.evaluation)
    #expect(after.evalLoss < before.loss - 0.3)
    let lines = try metrics(folder.url)
    let steps = lines.filter { $0["loss"] != nil }
    #expect(steps.count == result.summary.steps)
    let keys = Set(steps[0].keys)
    #expect(
      keys == [
        "step", "epoch", "loss", "loss_mlm", "learning_rate", "grad_norm", "tokens",
        "tokens_per_second", "data_wait_share",
      ])
    #expect(lines.contains { $0["eval_loss"] != nil && $0["eval_accuracy"] != nil })
    #expect(lines[0]["learning_rate"] as? Double == 0)
  }

  @Test("a folder of another configuration is refused with the differences")
  func otherConfiguration() throws {
    let folder = try TemporaryFolder()
    var configuration = TinyWorld.configuration(steps: 3)
    try train(configuration, in: folder.url)
    configuration.intervals.checkpoint = 1  // does not change the result
    #expect(try train(configuration, in: folder.url).result.wasFinished)
    configuration.learningRate = 0.125
    configuration.seed = 77
    let error = #expect(throws: StudentTrainerError.self) {
      try train(configuration, in: folder.url)
    }
    guard case .differentRun(_, let differences) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(differences.count == 2)
    #expect(
      differences[0] == "configuration.learningRate is 0.0050000000000000001 there, 0.125 now"
        || differences[0] == "configuration.learningRate is 0.005 there, 0.125 now")
    #expect(differences[1] == "configuration.seed is 1 there, 77 now")
    configuration = TinyWorld.configuration(steps: 3)
    let otherStudent = #expect(throws: StudentTrainerError.self) {
      try train(configuration, in: folder.url, seed: 6)
    }
    #expect("\(try #require(otherStudent))".contains("initialParameters"))
  }

  @Test("a folder in which another run is under way is refused, and free after it")
  func folderInUse() throws {
    let folder = try TemporaryFolder()
    let configuration = TinyWorld.configuration(steps: 3)
    do {
      let other = try FolderLock(folder: folder.url)
      #expect(throws: StudentTrainerError.inUse(folder: folder.url.path)) {
        try train(configuration, in: folder.url)
      }
      withExtendedLifetime(other) {}
    }
    try train(configuration, in: folder.url)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
    #expect(!names.contains(".lock"))
  }

  @Test("checkpoints beyond the last two are removed, and the best has a second name")
  func keepsTwo() throws {
    let folder = try TemporaryFolder()
    var configuration = TinyWorld.configuration(steps: 7)
    configuration.intervals.checkpoint = 2
    try train(configuration, in: folder.url)
    let names = try FileManager.default.contentsOfDirectory(
      atPath: folder.url.appending(path: "checkpoints").path)
    #expect(names.sorted() == ["best", "step-0000006", "step-0000007"])
  }

  @Test(
    "a damaged checkpoint is refused by name, and without it the run goes on from the one before")
  func damagedCheckpoint() throws {
    let folder = try TemporaryFolder()
    let configuration = TinyWorld.configuration(steps: 12)
    let expected = try train(configuration, in: folder.url.appending(path: "whole"))
    let run = folder.url.appending(path: "run")
    #expect(throws: Interruption.self) { try train(configuration, in: run, failsAtCall: 8) }
    let checkpoint = run.appending(path: "checkpoints/step-0000006")
    for file in ["parameters.safetensors", "optimizer.safetensors", "state.json"] {
      let url = checkpoint.appending(path: file)
      let original = try Data(contentsOf: url)
      var damages = [original.prefix(original.count / 3)]
      if file == "state.json" {
        // Numbers that are as good JSON as before: only the checksum knows.
        let text = String(decoding: original, as: UTF8.self)
        for (name, other) in [("step", 7), ("epoch", 9), ("batchIndex", 0), ("tokens", 1)] {
          let parts = text.split(separator: "\"\(name)\" : ")
          try #require(parts.count == 2)
          let rest = parts[1].drop { $0.isNumber }
          damages.append(Data("\(parts[0])\"\(name)\" : \(other)\(rest)".utf8))
        }
      } else {
        for part in [3, 5, 9] {
          var flipped = original
          flipped[flipped.count * (part - 1) / part] ^= 1
          damages.append(flipped)
        }
      }
      for damage in damages {
        try Data(damage).write(to: url)
        let error = #expect(throws: StudentTrainerError.self, "\(file)") {
          try train(configuration, in: run)
        }
        if let error { #expect("\(error)".contains("step-0000006"), "\(error)") }
      }
      try original.write(to: url)
    }
    try FileManager.default.removeItem(at: checkpoint)
    let resumed = try train(configuration, in: run)
    #expect(bits(resumed.model.parameters) == bits(expected.model.parameters))
  }

  @Test("invalid options are named")
  func invalidOptions() throws {
    let folder = try TemporaryFolder()
    let changes: [(String, (inout TrainingConfiguration) -> Void)] = [
      ("temperature", { $0.temperature = 0 }), ("beta1", { $0.beta1 = 1 }),
      ("accumulation", { $0.accumulation = 0 }), ("learningRate", { $0.learningRate = .nan }),
      ("clipNorm", { $0.clipNorm = -1 }), ("alphaMLM", { $0.alphaMLM = .infinity }),
    ]
    for (name, change) in changes {
      var configuration = TinyWorld.configuration(steps: 1)
      change(&configuration)
      let error = #expect(throws: StudentTrainerError.self) {
        try train(configuration, in: folder.url)
      }
      #expect("\(try #require(error))".contains(name))
    }
  }
}

/// Notes what is planned, and how many steps went before.
private final class PlanObserver: TrainingObserver {
  private(set) var plan: MemoryPlan?
  private(set) var stepsBefore = 0

  func memoryIsPlanned(_ plan: MemoryPlan) { self.plan = plan }

  func didFinish(_ step: StepMetrics, logged: Bool, totalSteps: Int) {
    if plan == nil { stepsBefore += 1 }
  }
}
