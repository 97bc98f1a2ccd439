package import Foundation
import Kernels
package import Transformer

/// Trains a masked language model on the batches of a source, with checkpoints and exact resume.
///
/// The run's folder holds all of its state: calling `run` again with equal arguments after a kill
/// goes on from the last checkpoint and ends in the same weights, bit for bit, on the same machine
/// with the same number of threads. Owns the optimiser; one caller at a time.
package final class Trainer {
  /// The student; holds the trained parameters after `run`.
  package let model: MaskedLanguageModel
  private let source: any BatchSource
  private let configuration: TrainingConfiguration
  private let folder: RunFolder
  private let evaluator: Evaluator?
  private let observer: (any TrainingObserver)?
  private let optimizer: AdamW
  private let objective: DistillationObjective
  private let options: String?
  private let stop: StopRequest
  private var watch: DivergenceWatch

  /// Prepares a run; nothing is read or written yet.
  ///
  /// - Parameters:
  ///   - model: The student with its initial parameters.
  ///   - source: Its batches.
  ///   - configuration: The recipe.
  ///   - folder: The run's folder, made where it is missing.
  ///   - evaluator: Evaluates during and after the run, where given.
  ///   - observer: Hears of progress, where given.
  ///   - options: What begins this run again, the text of `run.yaml`, where that is to be written.
  ///   - stop: Ends the run after a step, where given.
  /// - Throws: `StudentTrainerError.invalidConfiguration`.
  package init(
    model: MaskedLanguageModel, source: any BatchSource, configuration: TrainingConfiguration,
    folder: URL, evaluator: Evaluator? = nil, observer: (any TrainingObserver)? = nil,
    options: String? = nil, stop: StopRequest = StopRequest()
  ) throws {
    try configuration.validate()
    self.model = model
    model.precision = configuration.precision ?? .fp32
    self.source = source
    self.configuration = configuration
    self.folder = RunFolder(url: folder)
    self.evaluator = evaluator
    self.observer = observer
    optimizer = AdamW(layout: model.layout, options: configuration.optimizer)
    objective = DistillationObjective(configuration)
    self.options = options
    self.stop = stop
    watch = DivergenceWatch(factor: 0, recent: [], checkpoint: nil)
  }

  /// Runs, resumes, or finds the run finished.
  ///
  /// - Returns: The finished run; `model` has its parameters.
  /// - Throws: `StudentTrainerError`, also where another process trains in the folder, and `.stopped`
  ///   where that was asked for; what the source and the writers throw. After an error the last
  ///   checkpoint is intact, and the same call goes on from it.
  package func run() throws -> TrainingResult {
    let totalSteps = try countSteps()
    let lock = try folder.createAndLock()
    defer { withExtendedLifetime(lock) {} }
    let identity = RunIdentity(
      configuration: configuration, model: model.configuration,
      initialParameters: ParameterDigest.text(of: model), source: source.identity,
      totalSteps: totalSteps)
    try folder.claim(identity, options: options)
    folder.checkpoints.removeLeftovers()
    var state = CheckpointState(
      step: 0, epoch: 0, batchIndex: 0, tokens: 0, metricsBytes: 0, lastLoss: 0,
      configurationDigest: try identity.digest(), files: [:])
    let checkpoint = folder.checkpoints.list().last
    if let checkpoint {
      let found = try folder.checkpoints.state(of: checkpoint)
      guard found.configurationDigest == state.configurationDigest else {
        throw StudentTrainerError.damagedCheckpoint(
          folder: checkpoint.path, file: "state.json", reason: "belongs to another run")
      }
      try folder.checkpoints.restore(
        checkpoint, state: found, model: model, optimizer: optimizer)
      state = found
    }
    if let summary = try folder.summary(), state.step == totalSteps {
      return TrainingResult(summary: summary, wasFinished: true)
    }
    watch = DivergenceWatch(
      factor: configuration.intervals.usedSpikeFactor,
      recent: state.recentLosses ?? [], checkpoint: checkpoint)
    do {
      return try train(from: state, totalSteps: totalSteps)
    } catch {
      if let step = DivergedStep(error) { folder.keep(step) }
      throw error
    }
  }

  /// Puts the parameters of the best evaluation into the model, after `run`.
  ///
  /// - Returns: The step that they are of.
  /// - Throws: `StudentTrainerError.noBestCheckpoint`, `.damagedCheckpoint`.
  package func restoreBest() throws -> BestStep {
    guard let best = try folder.summary()?.best else {
      throw StudentTrainerError.noBestCheckpoint(
        folder: folder.url.path, reason: "the run has no evaluation on held-out text")
    }
    try folder.checkpoints.restoreParameters(
      folder.checkpoints.checkpoint(step: best.step), into: model)
    return best
  }

  /// Takes the memory that the largest batch needs, and says how much that is.
  private func reserveMemory() throws {
    let longest = min(
      try source.longestSequence() ?? .max, model.configuration.maxPositionEmbeddings)
    let tokens = max(configuration.batchTokens, evaluator?.batchTokens ?? 0, longest)
    let batch = MemoryPlan.Batch(tokens: tokens, longestSequence: longest, headRows: tokens)
    observer?.memoryIsPlanned(
      MemoryPlan(
        training: model.configuration, parameterCount: model.layout.count,
        precision: model.precision, batch: batch))
    model.reserve(batch)
  }

  /// Steps of the whole run.
  private func countSteps() throws -> Int {
    if let steps = configuration.steps { return steps }
    var sequences: [Int] = []
    for epoch in 0..<configuration.epochs {
      // Only a rule of sequences has to look into the batches.
      sequences +=
        configuration.batchSequences == nil
        ? [Int](repeating: 1, count: try source.batchCount(epoch: epoch))
        : try source.sequenceCounts(epoch: epoch)
    }
    guard !sequences.isEmpty else { throw StudentTrainerError.noBatches(what: "the corpus") }
    return configuration.stepRule.stepCount(sequences)
  }

  private func train(from start: CheckpointState, totalSteps: Int) throws -> TrainingResult {
    var state = start
    let schedule = configuration.schedule(totalSteps: totalSteps)
    let records = try RunRecords(folder: folder, state: state)
    let batches = Prefetcher(
      source: source, epoch: state.epoch, index: state.batchIndex,
      capacity: configuration.intervals.prefetchedBatches,
      steps: StepPlan(configuration.stepRule, firstStep: state.step) { [configuration] in
        configuration.temperature(step: $0, totalSteps: totalSteps)
      })
    defer { batches.stop() }
    // A source may wait for hours; a step does not.
    let source = source
    stop.onRequest { source.cancel() }
    observer?.trainingBegins(completedSteps: state.step, totalSteps: totalSteps)
    try reserveMemory()
    var meter = ThroughputMeter(tokens: state.tokens, scheduled: configuration.scheduled)
    let begin = ContinuousClock.now
    let intervals = configuration.intervals
    var savedStep = state.step

    func save() throws {
      state.seconds = start.seconds + (ContinuousClock.now - begin).seconds
      state.waitedSeconds = start.waitedSeconds + batches.waitedSeconds
      state.recentLosses = watch.recent
      try records.synchronize(into: &state)
      let saved = try folder.checkpoints.save(
        state, model: model, optimizer: optimizer, kept: intervals.keptCheckpoints)
      watch.checkpoint = saved
      savedStep = state.step
      observer?.didSave(checkpoint: saved, step: state.step)
    }

    while state.step < totalSteps {
      guard let items = try takeBatches(batches, state: state, totalSteps: totalSteps) else {
        if savedStep < state.step { try save() }
        throw StudentTrainerError.stopped(
          step: state.step, totalSteps: totalSteps, checkpoint: watch.checkpoint?.path)
      }
      objective.configuration = configuration.resolved(step: state.step, totalSteps: totalSteps)
      let result = try step(items, index: state.step, schedule: schedule)
      let last = items[items.count - 1]
      state.step += 1
      state.epoch = last.epoch
      state.batchIndex = last.index + 1
      state.tokens += items.reduce(0) { $0 + $1.batch.packed.tokenCount }
      state.lastLoss = result.loss

      let atEnd = state.step == totalSteps
      for line in state.add(skipped: items, atEnd: atEnd) {
        try records.append(line)
        observer?.didSkip(line)
      }
      let logged = atEnd || state.step == 1 || state.step % intervals.log == 0
      let line = meter.metrics(
        result, state: state, waited: batches.waitedSeconds, restart: logged)
      if logged { try records.append(line) }
      observer?.didFinish(line, logged: logged, totalSteps: totalSteps)
      let evaluates = intervals.evaluation > 0 && state.step % intervals.evaluation == 0
      var isBest = false
      if let evaluator, atEnd || evaluates {
        isBest = state.note(try evaluate(evaluator, step: state.step, records: records))
        meter.pause(until: state.tokens, waited: batches.waitedSeconds)
      }
      let saves = intervals.checkpoint > 0 && state.step % intervals.checkpoint == 0
      if atEnd || saves || isBest {
        try save()
        meter.pause(until: state.tokens, waited: batches.waitedSeconds)
      }
    }
    let summary = TrainingSummary(
      steps: state.step, tokens: state.tokens, lastLoss: state.lastLoss, seconds: state.seconds,
      dataWaitShare: state.seconds > 0 ? min(1, state.waitedSeconds / state.seconds) : 0,
      evaluation: state.evaluation, best: state.best, skippedSequences: state.skippedSequences)
    try folder.finish(summary)
    return TrainingResult(summary: summary, wasFinished: false)
  }

  /// The batches of one step, or nil where the run has to end before it; the last step of a run over
  /// epochs takes what is left.
  private func takeBatches(
    _ batches: Prefetcher, state: CheckpointState, totalSteps: Int
  ) throws -> [Prefetcher.Item]? {
    var items: [Prefetcher.Item] = []
    while items.last?.endsStep != true {
      if configuration.steps == nil, state.step == totalSteps - 1, let last = items.last {
        let isLastEpoch = last.epoch == configuration.epochs - 1
        if isLastEpoch, try last.index + 1 == source.batchCount(epoch: last.epoch) { break }
      }
      if stop.isRequested { return nil }
      do {
        items.append(try StepProfile.time(.data) { try batches.next() })
      } catch  where stop.isRequested {
        return nil  // the request ended the source's waiting
      }
    }
    return items
  }

  private func evaluate(
    _ evaluator: Evaluator, step: Int, records: RunRecords
  ) throws -> EvaluationMetrics {
    let result = try evaluator.evaluate(model)
    let line = EvaluationMetrics(
      step: step, evalLoss: result.loss, evalAccuracy: result.accuracy,
      evalPositions: result.positions)
    try records.append(line)
    observer?.didEvaluate(line)
    return line
  }

  /// One optimiser step over accumulated batches.
  private func step(
    _ items: [Prefetcher.Item], index: Int, schedule: RateSchedule
  ) throws -> StepResult {
    var counts = LossCounts()
    for item in items { counts += LossCounts(item.batch) }
    try requireRows(counts, items)
    let configuration = objective.configuration
    counts.leaveOutUnweighted(configuration)
    model.clearGradients()
    var sums = LossSums()
    for item in items {
      sums += try objective.accumulate(item.batch, model: model, counts: counts)
    }
    let loss = sums.total(counts, configuration)
    let gradNorm = StepProfile.time(.optimizer) { GradientClipping.norm(model.gradients) }
    try watch.check(
      step: index, loss: loss, gradNorm: gradNorm, sequences: items.flatMap(\.batch.references))
    let rate = schedule.rate(step: index)
    StepProfile.time(.optimizer) {
      let gradients = model.gradients
      model.update { parameters, rounded in
        optimizer.update(
          parameters, rounded: rounded, gradients: gradients, learningRate: rate,
          gradientScale: GradientClipping.coefficient(
            norm: gradNorm, maxNorm: configuration.clipNorm))
      }
    }
    return StepResult(
      loss: loss, sums: sums, counts: counts, learningRate: rate, gradNorm: gradNorm,
      scheduled: self.configuration.scheduled == nil ? nil : configuration)
  }

  /// Throws where a loss has a weight and no row in the whole step.
  private func requireRows(_ counts: LossCounts, _ items: [Prefetcher.Item]) throws {
    let configuration = objective.configuration
    let losses = [
      ("the soft-target loss", configuration.alphaCE, counts.soft),
      ("the masked-token loss", configuration.alphaMLM, counts.hard),
      ("the cosine loss", configuration.alphaCos, counts.cosine),
      ("the hidden-state loss", configuration.hidden?.weight ?? 0, counts.hidden),
    ]
    for (name, weight, rows) in losses where weight > 0 && rows == 0 {
      // What is wrong with a batch is told with more precision than that the step has no rows.
      for item in items { try objective.check(item.batch, model: model) }
      throw StudentTrainerError.missingTargets(
        loss: name, reason: "the \(items.count) batch(es) of a step hold no row for it")
    }
  }
}

/// What one optimiser step computed.
struct StepResult {
  let loss: Double
  let sums: LossSums
  let counts: LossCounts
  let learningRate: Double
  let gradNorm: Double
  /// The step's own weights and temperature, where some follow a schedule.
  let scheduled: TrainingConfiguration?
}
