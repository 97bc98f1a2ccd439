/// How much is measured.
struct MeasuringPlan {
  let isQuick: Bool

  /// Measured runs of a short task, after its warm-up.
  var runs: Int { isQuick ? 3 : 7 }
  /// Measured runs of a task of seconds.
  var longRuns: Int { isQuick ? 1 : 3 }
  /// Bytes of the text that is tokenized, about.
  var tokenizedBytes: Int { isQuick ? 50_000_000 : 200_000_000 }
  /// Tokens of the text that teachers and students read, about.
  var corpusTokens: Int { isQuick ? 16_000 : 50_000 }
  /// Measured optimiser steps, after the warm-up.
  var steps: Int { isQuick ? 4 : 12 }
  /// Optimiser steps before the measured ones.
  var warmupSteps: Int { 2 }
}
