/// Measures tokens per second and the share of waiting between two lines of metrics.
struct ThroughputMeter {
  private var start = ContinuousClock.now
  private var startTokens: Int
  private var startWaited = 0.0

  /// Starts now.
  init(tokens: Int) { startTokens = tokens }

  /// The metrics of a step; `restart` begins the next interval.
  mutating func metrics(
    _ result: StepResult, state: CheckpointState, waited: Double, restart: Bool
  ) -> StepMetrics {
    let now = ContinuousClock.now
    let seconds = max((now - start).seconds, 1e-9)
    let (sums, counts) = (result.sums, result.counts)
    let line = StepMetrics(
      step: state.step, epoch: state.epoch, loss: result.loss,
      lossCE: counts.soft > 0 ? LossSums.mean(sums.soft, counts.soft) : nil,
      lossMLM: counts.hard > 0 ? LossSums.mean(sums.hard, counts.hard) : nil,
      lossCos: counts.cosine > 0 ? LossSums.mean(sums.cosine, counts.cosine) : nil,
      learningRate: result.learningRate, gradNorm: result.gradNorm, tokens: state.tokens,
      tokensPerSecond: Double(state.tokens - startTokens) / seconds,
      dataWaitShare: min(1, (waited - startWaited) / seconds))
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
