import Corpus
import Foundation
import StudentTrainer
import TestSupport
import Testing
import Transformer

struct ScheduleTests {
  @Test("schedules have the values of their formulas, the ends exactly")
  func values() throws {
    func all(_ text: String, _ steps: Int) throws -> [Double] {
      let schedule = try #require(Schedule(text))
      return (0..<steps).map { schedule.value(step: $0, totalSteps: steps) }
    }
    #expect(try all("2.5", 3) == [2.5, 2.5, 2.5])
    #expect(try all("linear:4:1", 4) == [4, 3, 2, 1])
    #expect(try all("linear:0.1:0.3", 7).last == 0.3)
    let cosine = try all("cosine:4:2", 5)
    for (step, value) in cosine.enumerated() {
      #expect(abs(value - (3 + cos(.pi * Double(step) / 4))) < 1e-12)
    }
    #expect(cosine[4] == 2)
    // Warm-up over 2 of 10 steps, decay over 3, from and to the end value 1.
    let expected = [1, 2.5, 4, 4, 4, 4, 4, 3, 2, 1]
    #expect(try all("wsd:4:0.2:0.3:1", 10) == expected)
    #expect(try all("wsd:4:0:0.5", 4) == [4, 4, 2, 0])
    // One step, and steps past the end.
    #expect(try all("linear:4:1", 1) == [4])
    #expect(Schedule.linear(from: 4, to: 1).value(step: 9, totalSteps: 4) == 1)
  }

  @Test("a spelling is read and written back, and others are refused")
  func spelling() throws {
    for text in ["2", "0.5", "linear:4:1", "cosine:0:0.25", "wsd:4:0.05:0.2", "wsd:4:0.1:0.2:1"] {
      #expect(try #require(Schedule(text)).description == text)
    }
    for text in [
      "", "nan", "inf", "linear", "linear:4", "linear:4:1:2", "linear:a:1", "step:4:1", "4:1",
      "wsd:4:0.1", "wsd:4:2:0.1", "cosine::1", ":", "linear:4:",
    ] {
      #expect(Schedule(text) == nil, "\(text)")
    }
    let data = try JSONEncoder().encode([Schedule.linear(from: 4, to: 1)])
    #expect(String(decoding: data, as: UTF8.self) == #"["linear:4:1"]"#)
    #expect(try JSONDecoder().decode([Schedule].self, from: data) == [.linear(from: 4, to: 1)])
  }

  @Test("the rate's shapes rise to the peak alike and then differ")
  func rates() {
    func rates(_ shape: RateSchedule.Shape) -> [Double] {
      let schedule = RateSchedule(
        shape, peak: 2, warmupSteps: 2, decaySteps: 4, totalSteps: 10)
      return (0...10).map { schedule.rate(step: $0) }
    }
    #expect(rates(.linear) == [0, 1, 2, 1.75, 1.5, 1.25, 1, 0.75, 0.5, 0.25, 0])
    #expect(rates(.constant) == [0, 1] + [Double](repeating: 2, count: 9))
    #expect(rates(.wsd) == [0, 1, 2, 2, 2, 2, 2, 1.5, 1, 0.5, 0])
    for (step, rate) in rates(.cosine).enumerated().dropFirst(2) {
      #expect(abs(rate - (1 + cos(.pi * Double(step - 2) / 8))) < 1e-12)
    }
  }

  @Test("a schedule sets what 'ever above 0' and the smallest temperature are asked of")
  func bounds() throws {
    var configuration = TrainingConfiguration()
    let plain = configuration
    configuration.set(.linear(from: 5, to: 0), for: \.alphaCE)
    configuration.set(.cosine(from: 4, to: 1.5), for: \.temperature)
    #expect(configuration.alphaCE == 5 && configuration.temperature == 1.5)
    #expect(configuration.schedule(\.alphaCE) == .linear(from: 5, to: 0))
    #expect(configuration.schedule(\.alphaMLM) == .constant(2))
    let last = configuration.resolved(step: 9, totalSteps: 10)
    #expect(last.alphaCE == 0 && last.temperature == 1.5 && last.scheduled == nil)
    #expect(configuration.resolved(step: 0, totalSteps: 10).temperature == 4)
    // Constant schedules leave no trace, so that runs of before are recognised.
    configuration.set(.constant(5), for: \.alphaCE)
    configuration.set(.constant(2), for: \.temperature)
    #expect(configuration == plain)
    for (field, schedule) in [
      (\ScheduledValues.alphaMLM, Schedule.linear(from: 1, to: -1)),
      (\ScheduledValues.temperature, Schedule.linear(from: 2, to: 0)),
    ] {
      var bad = TrainingConfiguration()
      bad.set(schedule, for: field)
      let error = #expect(throws: StudentTrainerError.self) { try bad.validate() }
      #expect("\(try #require(error))".contains(schedule.description))
    }
  }

  @Test("the recipe's numbers are DistilBERT's")
  func recipe() {
    let recipe = TrainingConfiguration()
    #expect(
      [recipe.alphaCE, recipe.alphaMLM, recipe.alphaCos, recipe.temperature] == [5, 2, 1, 2])
    #expect([recipe.beta1, recipe.beta2, recipe.epsilon] == [0.9, 0.98, 1e-6])
    #expect([recipe.learningRate, recipe.warmupShare, recipe.clipNorm] == [5e-4, 0.05, 5])
    #expect(recipe.weightDecay == 0 && recipe.rateShape == nil && recipe.divergence == nil)
  }
}

struct StepRuleTests {
  @Test("a step takes whole batches until it has its sequences, and the last what is left")
  func counts() {
    #expect(StepRule.batches(2).stepCount([9, 1, 1, 1, 1]) == 3)
    #expect(StepRule.sequences(10).stepCount([9, 1, 30, 4, 4, 4, 2]) == 4)
    #expect(StepRule.sequences(10).stepCount([Int]()) == 0)
  }

  @Test("batches are made at the temperature of the step they are for")
  func temperatures() throws {
    let world = try TinyWorld(sequences: 120)
    let source = RecordingSource(
      base: try CorpusBatchSource(
        corpus: world.corpus, masks: world.masks(), configuration: TinyWorld.configuration()))
    let prefetcher = Prefetcher(
      source: source, epoch: 0, index: 0, capacity: 1,
      steps: StepPlan(.sequences(40), firstStep: 3) { Double($0) })
    var (step, sequences) = (3, 0)
    for _ in 0..<9 {
      let item = try prefetcher.next()
      #expect(item.step == step && source.temperature == Double(step))
      sequences += item.batch.references.count
      #expect(item.endsStep == (sequences >= 40))
      if item.endsStep { (step, sequences) = (step + 1, 0) }
    }
    #expect(step > 4)
  }

  @Test("steps of sequences are counted over epochs, and a killed run ends in the same bits")
  func run() throws {
    let world = try TinyWorld()
    let folder = try TemporaryFolder()
    var configuration = TinyWorld.configuration()
    configuration.batchSequences = 50
    func train(_ name: String, failsAtCall: Int? = nil) throws -> (TrainingResult, [UInt32]) {
      let model = TinyWorld.model(seed: 5)
      let source = FailingSource(
        try CorpusBatchSource(
          corpus: world.corpus, masks: world.masks(), configuration: configuration),
        failsAtCall: failsAtCall)
      let result = try Trainer(
        model: model, source: source, configuration: configuration,
        folder: folder.url.appending(path: name)
      ).run()
      return (result, bits(model.parameters))
    }
    let (whole, expected) = try train("whole")
    // 2 epochs of 300 sequences in steps of 50 and some: at most 12.
    #expect((8...12).contains(whole.summary.steps))
    #expect(whole.summary.tokens == 2 * world.corpus.manifest.tokens)
    #expect(throws: Interruption.self) { try train("broken", failsAtCall: 17) }
    let (resumed, found) = try train("broken")
    #expect(found == expected && resumed.summary.steps == whole.summary.steps)
  }
}
