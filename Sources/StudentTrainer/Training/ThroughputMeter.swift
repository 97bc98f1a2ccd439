/// Measures tokens per second and the share of waiting between two lines of metrics.
struct ThroughputMeter {
  private var start = ContinuousClock.now
  private var startTokens: Int
  private var startWaited = 0.0

  private let scheduled: ScheduledValues?

  /// Starts now; `scheduled` says which numbers of a step its line has.
  init(tokens: Int, scheduled: ScheduledValues? = nil) {
    startTokens = tokens
    self.scheduled = scheduled
  }

  /// The metrics of a step; `restart` begins the next interval.
  mutating func metrics(
    _ result: StepResult, state: CheckpointState, waited: Double, restart: Bool
  ) -> StepMetrics {
    let now = ContinuousClock.now
    let seconds = max((now - start).seconds, 1e-9)
    let (sums, counts) = (result.sums, result.counts)
    var line = StepMetrics(
      step: state.step, epoch: state.epoch, loss: result.loss,
      lossCE: counts.soft > 0 ? LossSums.mean(sums.soft, counts.soft) : nil,
      lossMLM: counts.hard > 0 ? LossSums.mean(sums.hard, counts.hard) : nil,
      lossCos: counts.cosine > 0 ? LossSums.mean(sums.cosine, counts.cosine) : nil,
      lossHidden: counts.hidden > 0 ? LossSums.mean(sums.hidden, counts.hidden) : nil,
      learningRate: result.learningRate, gradNorm: result.gradNorm, tokens: state.tokens,
      tokensPerSecond: Double(state.tokens - startTokens) / seconds,
      dataWaitShare: min(1, (waited - startWaited) / seconds))
    if let values = result.scheduled, let schedules = scheduled {
      if schedules.temperature != nil { line.temperature = values.temperature }
      if schedules.alphaCE != nil { line.klWeight = values.alphaCE }
      if schedules.alphaMLM != nil { line.mlmWeight = values.alphaMLM }
      if schedules.alphaCos != nil { line.cosineWeight = values.alphaCos }
      if schedules.hidden != nil { line.hiddenWeight = values.hidden?.weight }
    }
    if restart { pause(until: state.tokens, waited: waited) }
    return line
  }

  /// Begins an interval now, so that what was done since the line before is not counted.
  mutating func pause(until tokens: Int, waited: Double) {
    start = .now
    startTokens = tokens
    startWaited = waited
  }
}
