package import StudentTrainer

/// All that a page tells.
package struct ReportContent: Sendable {
  /// The heading.
  package var title: String
  /// When and by what it was made.
  package var made: String
  /// The runs, in any order.
  package var runs: [RunRecord]
  /// What was measured of the teacher.
  package var teacher: ModelFigures?
  /// The held-out text, where models were evaluated for the page.
  package var heldOut: HeldOutText?
  /// What the teacher's pass took.
  package var pass: TeacherPassCost?
  /// What the cache loses.
  package var fidelity: FidelityReport?
  /// What is missing, in words.
  package var notes: [String] = []

  /// The text that models were evaluated on.
  package struct HeldOutText: Sendable {
    /// Its name.
    package var name: String
    /// The entropy of its single tokens, nats.
    package var unigramEntropy: Double?

    /// A held-out text.
    package init(name: String, unigramEntropy: Double?) {
      self.name = name
      self.unigramEntropy = unigramEntropy
    }
  }

  /// A page of runs.
  package init(title: String, made: String, runs: [RunRecord]) {
    self.title = title
    self.made = made
    self.runs = runs
  }

  /// The runs, lowest held-out loss first, then those without one.
  var sortedRuns: [RunRecord] {
    runs.enumerated().sorted {
      let (left, right) = ($0.element.figures?.loss, $1.element.figures?.loss)
      return (left ?? .infinity, $0.offset) < (right ?? .infinity, $1.offset)
    }.map(\.element)
  }
}
