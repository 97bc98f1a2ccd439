import StudentTrainer

/// What the one pass of a teacher took that filled a cache.
package struct TeacherPassCost: Sendable, Equatable {
  /// The cache as it is called on the page.
  package var name: String
  /// Its fingerprint.
  package var fingerprint: String
  /// Seconds over all workers.
  package var seconds: Double
  /// Tokens that the teacher read, over all replicas.
  package var tokens: Int
  /// Positions that keep a target.
  package var positions: Int
  /// Bytes of the shards.
  package var bytes: Int

  /// The cost of a pass.
  package init(
    name: String, fingerprint: String, seconds: Double, tokens: Int, positions: Int, bytes: Int
  ) {
    self.name = name
    self.fingerprint = fingerprint
    self.seconds = seconds
    self.tokens = tokens
    self.positions = positions
    self.bytes = bytes
  }

  /// Seconds of the teacher for a token; nil where the cache does not know its time.
  package var secondsPerToken: Double? {
    seconds > 0 && tokens > 0 ? seconds / Double(tokens) : nil
  }
}

/// What N students took from a cache, beside what the same would take with the teacher at every step.
package struct CostComparison: Sendable, Equatable {
  /// Finished students of the cache.
  package var students: Int
  /// Seconds of their training.
  package var trainingSeconds: Double
  /// Tokens that they were trained on.
  package var tokens: Int
  /// Seconds of the pass.
  package var passSeconds: Double
  /// Seconds that a teacher at every step adds for a token.
  package var onlineSecondsPerToken: Double
  /// The run with a teacher at every step from which the last was measured; nil where it was estimated
  /// from the pass.
  package var measuredOn: String?

  /// The comparison; nil where no run was trained on the cache or its pass was not timed.
  package init?(_ runs: [RunRecord], pass: TeacherPassCost) {
    guard let perToken = pass.secondsPerToken else { return nil }
    let cached = runs.compactMap { run -> (run: RunRecord, seconds: Double, tokens: Int)? in
      guard let summary = run.summary, summary.seconds > 0, summary.tokens > 0,
        run.identity?.cacheFingerprints.contains(pass.fingerprint) == true
      else { return nil }
      return (run, summary.seconds, summary.tokens)
    }
    guard !cached.isEmpty else { return nil }
    students = cached.count
    trainingSeconds = cached.reduce(0) { $0 + $1.seconds }
    tokens = cached.reduce(0) { $0 + $1.tokens }
    (passSeconds, onlineSecondsPerToken) = (pass.seconds, perToken)
    for online in runs where online.isOnline {
      guard let summary = online.summary, summary.tokens > 0 else { continue }
      let alike = cached.filter {
        $0.run.identity?.model == online.identity?.model
          && $0.run.identity?.configuration.precision == online.identity?.configuration.precision
      }
      let tokens = alike.reduce(0) { $0 + $1.tokens }
      guard tokens > 0 else { continue }
      let without = alike.reduce(0) { $0 + $1.seconds } / Double(tokens)
      let difference = summary.seconds / Double(summary.tokens) - without
      guard difference > 0 else { continue }
      (onlineSecondsPerToken, measuredOn) = (difference, online.name)
      break
    }
  }

  /// Seconds with the cache: one pass, and the students.
  package var cachedSeconds: Double { passSeconds + trainingSeconds }
  /// Seconds of the teacher where it runs at every step.
  package var onlineTeacherSeconds: Double { onlineSecondsPerToken * Double(tokens) }
  /// Seconds where the teacher runs at every step.
  package var onlineSeconds: Double { onlineTeacherSeconds + trainingSeconds }
  /// Students of this kind from which on the pass pays.
  package var breakEven: Int {
    let each = onlineTeacherSeconds / Double(students)
    return Int((passSeconds / each).rounded(.up))
  }
}
