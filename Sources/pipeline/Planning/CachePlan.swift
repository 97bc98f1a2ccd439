/// What caching would cost and keep, target by target, before the teacher runs.
struct CachePlan: Encodable {
  /// One target of the grid.
  struct Entry: Encodable {
    /// For people, for example `head 16, rank 64`.
    var target: String
    /// The options of `cache-teacher` that make it.
    var options: [String]
    /// Stored bytes of the target a position, without states, sequences and audit rows.
    var bytesPerPosition: Double
    /// The whole cache, about.
    var totalBytes: Int
    /// Angle between the gradients from the cache and from the teacher, in degrees, at T = 1.
    var angleAt1: Double
    /// The same at T = 2.
    var angleAt2: Double
    /// Seconds that an experiment's epochs take one core to read, about.
    var readingSeconds: Double
    /// Experiments from which on the cache costs less time than the teacher in each; nil where it
    /// never does.
    var breakEvenExperiments: Int?

    /// What it loses, for comparisons.
    var loss: Double { angleAt1 + angleAt2 }
  }

  /// Tokens a second of the teacher pass on this machine.
  var teacherTokensPerSecond: Double
  /// Seconds of the whole pass, about.
  var teacherSeconds: Double
  /// Positions that would keep a target, over all replicas, about.
  var positions: Int
  /// Mask replicas.
  var replicas: Int
  /// Epochs of an experiment.
  var epochs: Int
  /// Rows of the sample whose full logits give the angles.
  var auditedRows: Int
  /// The most faithful that fits the budget, by its `target`; nil without a budget.
  var recommended: String?
  /// The grid.
  var entries: [Entry]

  /// The most faithful target that takes at most so many bytes.
  func best(within bytes: Int) -> Entry? {
    entries.filter { $0.totalBytes <= bytes }
      .min { ($0.loss, $0.totalBytes) < ($1.loss, $1.totalBytes) }
  }

  /// Experiments from which on one pass and reading cost less than the teacher in each experiment.
  ///
  /// - Parameters:
  ///   - passSeconds: The pass over all replicas.
  ///   - onlineSeconds: The teacher in one experiment.
  ///   - readingSeconds: Reading in one experiment.
  /// - Returns: Their number, from 1; nil where reading takes as long as the teacher.
  static func breakEven(
    passSeconds: Double, onlineSeconds: Double, readingSeconds: Double
  ) -> Int? {
    let saved = onlineSeconds - readingSeconds
    guard saved > 0, passSeconds / saved < 1e9 else { return nil }
    return Int(passSeconds / saved) + 1
  }
}
