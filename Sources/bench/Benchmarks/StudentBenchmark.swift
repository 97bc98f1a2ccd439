import Console
import Corpus
import Foundation
import Kernels
import LogitCache
import StudentTrainer
import Transformer

/// `train-student`: from a cache, with the teacher in memory, and from hard labels alone.
struct StudentBenchmark {
  let teacher: TeacherShape
  let corpus: TokenizedCorpus
  /// A cache of that teacher on that corpus.
  let cache: URL
  let scratch: ScratchFolder

  func rows(_ plan: MeasuringPlan, _ peers: PyTorchPeer) throws -> [ResultRow] {
    let masks = MaskSpecification(corpus: corpus.manifest, seed: 1)
    let recipe = recipe(TrainingConfiguration(), plan)
    let cached = try train(
      CacheBatchSource(reader: CacheReader(folder: cache), configuration: recipe), recipe, plan)
    let online = try train(
      OnlineTeacherSource(
        teacher: teacher.model(), corpus: corpus, masks: masks, positions: .masked,
        configuration: recipe), recipe, plan)
    let plain = self.recipe(.hardLabels, plan)
    let hard = try train(
      CorpusBatchSource(corpus: corpus, masks: masks, configuration: plain), plain, plan)
    return [
      ResultRow(
        name: "train-student 3x384 from cache", unit: "tokens/s", ours: cached.tokensPerSecond
      ).against("online teacher \(teacher.name)", online.tokensPerSecond),
      ResultRow(
        name: "train-student 3x384 from cache, data wait", unit: "%",
        ours: 100 * cached.dataWaitShare),
    ] + cached.profile("train-student 3x384 from cache") + [
      ResultRow(
        name: "train 3x384, hard labels", unit: "tokens/s", ours: hard.tokensPerSecond
      ).against("PyTorch fp32, 32x128", peers.value("train 3x384"))
    ]
  }

  private func recipe(
    _ base: TrainingConfiguration, _ plan: MeasuringPlan
  ) -> TrainingConfiguration {
    var recipe = base
    recipe.steps = plan.warmupSteps + plan.steps
    recipe.intervals.log = 1
    recipe.precision = .preferred
    return recipe
  }

  private func train(
    _ source: any BatchSource, _ recipe: TrainingConfiguration, _ plan: MeasuringPlan
  ) throws -> StepRates {
    let student = StudentInitialiser.random(
      EncoderConfiguration(
        architecture: .distilBert, vocabSize: corpus.manifest.vocabSize, hiddenSize: 384,
        numHiddenLayers: 3, numAttentionHeads: 12, intermediateSize: 1536), seed: 1)
    let rates = StepRates(warmupSteps: plan.warmupSteps)
    let folder = scratch.fresh("student")
    _ = try Trainer(
      model: student, source: source, configuration: recipe, folder: folder, observer: rates
    ).run()
    try FileManager.default.removeItem(at: folder)
    return rates
  }
}

/// Notes the rate of each step after the warm-up, and where their time goes.
private final class StepRates: TrainingObserver {
  private let warmupSteps: Int
  private var rates: [Double] = []
  private var shares: [Double] = []
  private var start = ContinuousClock.now
  private var times: [StepProfile.Part: Double] = [:]
  private var seconds = 0.0

  init(warmupSteps: Int) { self.warmupSteps = warmupSteps }

  /// The median step's rate.
  var tokensPerSecond: Double { Stopwatch.median(rates) }
  /// The mean share of a step that waited for its batch.
  var dataWaitShare: Double { shares.reduce(0, +) / Double(shares.count) }

  /// Shares of the measured steps' time, in per cent.
  func profile(_ work: String) -> [ResultRow] {
    StepProfile.Part.allCases.map { part in
      ResultRow(
        name: "\(work): \(part.name)", unit: "%", ours: 100 * (times[part] ?? 0) / seconds)
    }
  }

  func didFinish(_ step: StepMetrics, logged: Bool, totalSteps: Int) {
    if step.step > warmupSteps {
      rates.append(step.tokensPerSecond)
      shares.append(step.dataWaitShare)
    }
    if step.step == warmupSteps {
      StepProfile.start()
      start = .now
    } else if step.step == totalSteps {
      times = StepProfile.stop()
      seconds = (ContinuousClock.now - start).seconds
    }
  }
}
