/// A divergence over events, with its slopes in the student's log-probabilities.
///
///     forward:         D = Σ p (log p - log q)                 dD / dlog q = -p
///     reverse:         D = Σ q (log q - log p)                 dD / dlog q = q (log q - log p + 1)
///     Jensen-Shannon:  D = Σ (p log(p/m) + q log(q/m)) / 2     dD / dlog q = q log(q/m) / 2
///
/// An event is an ID, or the whole tail. Chain rule: log q of the IDs that an event holds gives the
/// gradient with respect to the logits.
struct EventDivergence<Real: RealArithmetic> {
  /// A probability counts as at least this where its logarithm is needed.
  static var smallestProbability: Real { Real(sign: .plus, exponent: -126, significand: 1) }

  /// D in nats.
  private(set) var loss: Real = 0
  /// dD / dlog q of each event.
  private(set) var slopes: [Real] = []
  private let divergence: Divergence

  init(_ divergence: Divergence) { self.divergence = divergence }

  /// Adds an event of a probability.
  mutating func add(p: Real, logQ: Real) {
    add(p: p, logP: Real.log(max(p, Self.smallestProbability)), logQ: logQ)
  }

  /// Adds an event whose probability may be too small for anything but its logarithm.
  mutating func add(p: Real, logP: Real, logQ: Real) {
    let q = Real.exp(logQ)
    switch divergence {
    case .forward:
      if p > 0 { loss += p * (logP - logQ) }
      slopes.append(-p)
    case .reverse:
      loss += q * (logQ - logP)
      slopes.append(q * (logQ - logP + 1))
    case .jensenShannon:
      let logM = logSumExp([logP, logQ]) - Real.log(2)
      loss += (p * (logP - logM) + q * (logQ - logM)) / 2
      slopes.append(q * (logQ - logM) / 2)
    }
  }

  /// T² D and its gradient, where the event e holds the ID j with the share `q_j / q_e`.
  ///
  ///     dT²D / dx_j = T (slope_e share_j - q_j Σ slopes)
  ///
  /// - Parameters:
  ///   - logQ: log q of every ID at T.
  ///   - temperature: T.
  ///   - eventOf: The event of an ID and log of its share; nil where no event holds it.
  /// - Returns: Loss in nats, gradient with respect to the logits.
  func gradient(
    _ logQ: [Real], temperature: Real, eventOf: (Int) -> (event: Int, logShare: Real)?
  ) -> LossAndGradient<Real> {
    let sum = slopes.reduce(0, +)
    let gradient = logQ.indices.map { j in
      let own = eventOf(j).map { slopes[$0.event] * Real.exp($0.logShare) } ?? 0
      return temperature * (own - Real.exp(logQ[j]) * sum)
    }
    return LossAndGradient(loss: temperature * temperature * loss, gradient: gradient)
  }
}

extension EventDivergence {
  /// The divergence of two whole rows of log-probabilities.
  static func rows(
    _ divergence: Divergence, logP: [Real], logQ: [Real], temperature: Real
  ) -> LossAndGradient<Real> {
    var events = EventDivergence(divergence)
    for (logP, logQ) in zip(logP, logQ) { events.add(p: Real.exp(logP), logP: logP, logQ: logQ) }
    return events.gradient(logQ, temperature: temperature) { ($0, 0) }
  }

  /// The divergence over the kept IDs and one event for the tail.
  static func headAndTail(
    _ divergence: Divergence, probabilities: [Real], tailMass: Real, ids: [Int32],
    split: StudentSplit<Real>, temperature: Real
  ) -> LossAndGradient<Real> {
    var events = EventDivergence(divergence)
    var eventOf = [Int](repeating: ids.count, count: split.logQ.count)
    for (event, id) in ids.enumerated() {
      events.add(p: probabilities[event], logQ: split.logQ[Int(id)])
      eventOf[Int(id)] = event
    }
    if ids.count < split.logQ.count { events.add(p: tailMass, logQ: split.logTailMass) }
    return events.gradient(split.logQ, temperature: temperature) { j in
      let isKept = split.isKept[j]
      return (eventOf[j], isKept ? 0 : split.logQ[j] - split.logTailMass)
    }
  }
}
