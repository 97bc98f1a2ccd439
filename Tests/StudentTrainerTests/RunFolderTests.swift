import Corpus
import Foundation
import Kernels
import StudentTrainer
import TestSupport
import Testing
import Transformer

/// What a run leaves in its folder, and how it goes on: at any step, after a stop, after a spike.
struct RunFolderTests {
  let world: TinyWorld
  let folder: TemporaryFolder

  init() throws {
    world = try TinyWorld()
    folder = try TemporaryFolder()
  }

  func configuration(steps: Int? = nil) -> TrainingConfiguration {
    var configuration = TinyWorld.configuration(steps: steps)
    configuration.intervals.evaluation = 4
    return configuration
  }

  @discardableResult
  func train(
    _ configuration: TrainingConfiguration, in name: String, failsAtCall: Int? = nil,
    source: (any BatchSource)? = nil, observer: (any TrainingObserver)? = nil,
    options: String? = nil, stop: StopRequest = StopRequest()
  ) throws -> (trainer: Trainer, result: TrainingResult) {
    let base =
      try source
      ?? CorpusBatchSource(
        corpus: world.corpus, masks: world.masks(), configuration: configuration)
    let trainer = try Trainer(
      model: TinyWorld.model(seed: 5), source: FailingSource(base, failsAtCall: failsAtCall),
      configuration: configuration, folder: url(name),
      evaluator: try Evaluator(corpus: world.corpus, masks: world.masks(seed: 99)),
      observer: observer, options: options, stop: stop)
    return (trainer, try trainer.run())
  }

  func digest(_ run: (trainer: Trainer, result: TrainingResult)) -> String {
    ParameterDigest.text(of: run.trainer.model)
  }

  func url(_ name: String) -> URL { folder.url.appending(path: name) }

  func metrics(_ name: String) throws -> [[String: Double]] {
    try String(contentsOf: url("\(name)/metrics.jsonl"), encoding: .utf8).split(separator: "\n")
      .map { line in
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
        return try #require(object as? [String: NSNumber]).mapValues(\.doubleValue)
      }
  }

  /// Without what depends on the clock.
  func timeless(_ lines: [[String: Double]]) -> [[String: Double]] {
    lines.map { $0.filter { !["tokens_per_second", "data_wait_share"].contains($0.key) } }
  }

  @Test("a run that is killed again and again at random steps ends in the same bits and events")
  func anyStep() throws {
    var configuration = configuration()
    configuration.accumulation = 2
    let whole = try train(configuration, in: "whole")
    let steps = whole.result.summary.steps
    var generator = SplitMix64(seed: 2024)
    for round in 0..<6 {
      // Checkpoints at other steps too, also at none: they do not change the result.
      configuration.intervals.checkpoint = [1, 2, 3, 5, 7, 0][round]
      var killed = 0
      for _ in 0..<4 {
        do {
          try train(
            configuration, in: "killed-\(round)",
            failsAtCall: 1 + Int(generator.next() % UInt64(2 * steps)))
        } catch is Interruption {
          killed += 1
        }
      }
      #expect(killed > 0)
      let last = try train(configuration, in: "killed-\(round)")
      #expect(digest(last) == digest(whole))
      #expect(
        try timeless(metrics("killed-\(round)")) == timeless(metrics("whole")), "round \(round)")
      let events = try EventRecords(url("killed-\(round)"))
      #expect(try events.steps == EventRecords(url("whole")).steps)
      #expect(last.result.summary.best == whole.result.summary.best)
    }
  }

  @Test("every number of metrics.jsonl is in the event file under its tag, in frames that check")
  func events() throws {
    try train(configuration(), in: "run")
    let lines = try metrics("run")
    let events = try EventRecords(url("run"))
    #expect(events.version == "brain.Event:2")
    #expect(events.steps == lines.map { Int($0["step"] ?? -1) })
    for (line, scalars) in zip(lines, events.scalars) {
      var expected: [String: Float] = [:]
      for (key, value) in line where key != "step" {
        let tag = key.hasPrefix("eval_") ? "eval/\(key.dropFirst(5))" : "train/\(key)"
        expected[tag] = Float(value)
      }
      #expect(scalars == expected)
    }
    #expect(Set(events.scalars.flatMap(\.keys)).isSuperset(of: ["train/loss", "eval/loss"]))
  }

  @Test("the checksum is CRC-32C")
  func checksum() {
    // RFC 3720, appendix B.4, and the usual check value.
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
  }

  @Test("an event file that was removed begins anew")
  func removedEvents() throws {
    #expect(throws: Interruption.self) {
      try train(configuration(), in: "run", failsAtCall: 9)
    }
    try FileManager.default.removeItem(at: url("run/tensorboard"))
    try train(configuration(), in: "run")
    let steps = try EventRecords(url("run")).steps
    #expect(
      try !steps.isEmpty
        && steps == metrics("run").map { Int($0["step"] ?? -1) }.suffix(steps.count))
  }

  @Test("the checkpoint of the best evaluation is kept, also after a resume, and is given back")
  func best() throws {
    // A rate that grows until the loss rises again.
    var configuration = configuration(steps: 40)
    configuration.learningRate = 0.5
    configuration.warmupShare = 1
    configuration.intervals.checkpoint = 2
    configuration.intervals.spikeFactor = 0
    #expect(throws: Interruption.self) {
      try train(configuration, in: "run", failsAtCall: 30)
    }
    let (trainer, result) = try train(configuration, in: "run")
    let evaluations = try metrics("run").filter { $0["eval_loss"] != nil }
    let lowest = try #require(
      evaluations.min { ($0["eval_loss"] ?? 0) < ($1["eval_loss"] ?? 0) })
    let best = try #require(result.summary.best)
    #expect(Double(best.step) == lowest["step"] && best.evalLoss == lowest["eval_loss"])
    #expect(best.step < 38, "the best is one of the newest, so that nothing is shown")
    let names = try FileManager.default.contentsOfDirectory(atPath: url("run/checkpoints").path)
    let name =
      "step-" + String(repeating: "0", count: 5) + (best.step < 10 ? "0" : "") + "\(best.step)"
    #expect(names.sorted() == ["best", name, "step-0000038", "step-0000040"])
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: url("run/checkpoints/best").path)
        == name)
    let last = ParameterDigest.text(of: trainer.model)
    #expect(try trainer.restoreBest() == best)
    #expect(ParameterDigest.text(of: trainer.model) != last)
    let evaluator = try Evaluator(corpus: world.corpus, masks: world.masks(seed: 99))
    #expect(try evaluator.evaluate(trainer.model).loss == best.evalLoss)

    try FileManager.default.removeItem(at: url("run/checkpoints/\(name)"))
    #expect(throws: StudentTrainerError.self) { try trainer.restoreBest() }
  }

  @Test(
    "a run that is asked to stop ends after its step, with a checkpoint, and goes on to the same bits"
  )
  func stop() throws {
    var configuration = configuration(steps: 14)
    configuration.intervals.checkpoint = 0
    let whole = try train(configuration, in: "whole")
    for step in [1, 6, 13] {
      let stop = StopRequest()
      let error = #expect(throws: StudentTrainerError.self) {
        try train(
          configuration, in: "run-\(step)", observer: Stopper(stop: stop, step: step), stop: stop)
      }
      let checkpoint = url("run-\(step)/checkpoints/step-\(step < 10 ? "000000" : "00000")\(step)")
      #expect(
        error == .stopped(step: step, totalSteps: 14, checkpoint: checkpoint.path))
      let resumed = try train(configuration, in: "run-\(step)")
      #expect(digest(resumed) == digest(whole))
      #expect(try timeless(metrics("run-\(step)")) == timeless(metrics("whole")))
    }
    let stop = StopRequest()
    stop.request()
    #expect(throws: StudentTrainerError.stopped(step: 0, totalSteps: 14, checkpoint: nil)) {
      try train(configuration, in: "early", stop: stop)
    }
  }

  @Test("a spike ends the run before it is learned from, and the same command decides alike")
  func spike() throws {
    var configuration = configuration(steps: 60)
    configuration.intervals.checkpoint = 10
    configuration.intervals.spikeFactor = 1.3
    let source = try CorpusBatchSource(
      corpus: world.corpus, masks: world.masks(), configuration: configuration)
    var batches: [TrainingBatch] = []
    for epoch in 0..<8 { batches += try allBatches(source, epoch: epoch) }
    // Nobody can predict labels that are drawn from the rarest: the loss of one step is far off.
    let bad = 45
    let spiked = SpikedSource(batches: Array(batches.prefix(60)), bad: bad)
    try #require(batches.count >= 60)
    let error = #expect(throws: StudentTrainerError.self) {
      try train(configuration, in: "run", source: spiked)
    }
    guard case .spike(let step, let loss, let median, let sequences, let checkpoint) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(step == bad && loss > 1.3 * median && sequences == batches[bad].references)
    // That of the best evaluation, newer than the one of the interval.
    #expect(checkpoint == url("run/checkpoints/step-0000044").path)
    let message = "\(try #require(error))"
    #expect(message.contains("step 46") && message.contains("--spike-factor 0"))
    #expect(message.contains("block \(sequences[0].block) sequence \(sequences[0].index)"))
    let kept = try JSONSerialization.jsonObject(
      with: Data(contentsOf: url("run/diverged.json")))
    let listed = (kept as? [String: Any])?["sequences"] as? [[String: Int]]
    #expect(listed?.count == sequences.count)
    // From the checkpoint, with what it remembers: the same end.
    #expect(throws: try #require(error)) {
      try train(configuration, in: "run", source: spiked)
    }
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: url("run/checkpoints").path)
        .allSatisfy { $0 <= "step-0000044" })
    configuration.intervals.spikeFactor = 0
    #expect(try train(configuration, in: "run", source: spiked).result.summary.steps == 60)
    #expect(!FileManager.default.fileExists(atPath: url("run/diverged.json").path))
  }

  @Test("the options are kept in run.yaml, and another run's stay as they are")
  func options() throws {
    var configuration = configuration(steps: 3)
    try train(configuration, in: "run", options: "layers: 1\n")
    configuration.seed = 9
    #expect(throws: StudentTrainerError.self) {
      try train(configuration, in: "run", options: "layers: 2\n")
    }
    #expect(try String(contentsOf: url("run/run.yaml"), encoding: .utf8) == "layers: 1\n")
  }
}

/// Asks for the end of the run while a step is done.
private struct Stopper: TrainingObserver {
  let stop: StopRequest
  let step: Int

  func didFinish(_ step: StepMetrics, logged: Bool, totalSteps: Int) {
    if step.step == self.step { stop.request() }
  }
}

/// Batches of which one has a label repeated everywhere: its loss is far above the others'.
private struct SpikedSource: BatchSource {
  let batches: [TrainingBatch]
  let bad: Int
  var identity: [String: String] { ["targets": "spiked"] }
  let runsAhead = false
  func batchCount(epoch: Int) -> Int { batches.count }
  func batch(epoch: Int, index: Int, temperature: Double?) -> TrainingBatch? {
    guard index < batches.count else { return nil }
    var batch = batches[index]
    if index == bad { batch.labels = batch.labels.map { $0 < 0 ? $0 : 0 } }
    return batch
  }
}

/// The scalars of a run's event file, with each frame's checksums tested.
private struct EventRecords {
  var version = ""
  var steps: [Int] = []
  var scalars: [[String: Float]] = []

  init(_ run: URL) throws {
    let names = try FileManager.default.contentsOfDirectory(
      atPath: run.appending(path: "tensorboard").path)
    let name = try #require(names.first { $0.contains("tfevents") })
    let bytes = [UInt8](try Data(contentsOf: run.appending(path: "tensorboard/\(name)")))
    var place = 0
    while place < bytes.count {
      try #require(place + 12 <= bytes.count)
      let length = Int(Self.number(bytes[place..<place + 8]))
      #expect(
        Self.number(bytes[place + 8..<place + 12])
          == UInt64(CRC32C.masked(Array(bytes[place..<place + 8]))))
      let end = place + 12 + length
      try #require(end + 4 <= bytes.count)
      let event = Array(bytes[place + 12..<end])
      #expect(Self.number(bytes[end..<end + 4]) == UInt64(CRC32C.masked(event)))
      place = end + 4
      var step = 0
      for field in try Self.fields(event) {
        switch field.number {
        case 2: step = Int(Self.varint(field.bytes))
        case 3: version = String(decoding: field.bytes, as: UTF8.self)
        case 5:
          var values: [String: Float] = [:]
          for value in try Self.fields(field.bytes) {
            let parts = try Self.fields(value.bytes)
            let tag = try #require(parts.first { $0.number == 1 })
            let number = try #require(parts.first { $0.number == 2 })
            values[String(decoding: tag.bytes, as: UTF8.self)] = Float(
              bitPattern: UInt32(Self.number(number.bytes[...])))
          }
          steps.append(step)
          scalars.append(values)
        default: break
        }
      }
    }
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func varint(_ bytes: [UInt8]) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 7 | UInt64($1 & 0x7F) }
  }

  private static func fields(_ bytes: [UInt8]) throws -> [(number: Int, bytes: [UInt8])] {
    var fields: [(number: Int, bytes: [UInt8])] = []
    var rest = bytes[...]
    func takeVarint() throws -> [UInt8] {
      let end = try #require(rest.firstIndex { $0 < 0x80 })
      defer { rest = rest[(end + 1)...] }
      return Array(rest[...end])
    }
    func take(_ count: Int) throws -> [UInt8] {
      try #require(rest.count >= count)
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    while !rest.isEmpty {
      let key = Int(varint(try takeVarint()))
      switch key & 7 {
      case 0: fields.append((key >> 3, try takeVarint()))
      case 1: fields.append((key >> 3, try take(8)))
      case 5: fields.append((key >> 3, try take(4)))
      default: fields.append((key >> 3, try take(Int(varint(try takeVarint())))))
      }
    }
    return fields
  }
}
