import StudentTrainer

/// Runs that differ in their seed alone, with the mean and the spread of what they gave.
package struct SeedGroup: Sendable {
  /// Mean and sample standard deviation.
  package struct Spread: Sendable, Equatable {
    /// The mean.
    package var mean: Double
    /// The root of the squared distances' sum over one less than their number.
    package var deviation: Double

    /// The spread of two or more values; nil of fewer.
    package init?(_ values: [Double]) {
      guard values.count > 1 else { return nil }
      let mean = values.reduce(0, +) / Double(values.count)
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      self.mean = mean
      deviation = (squares / Double(values.count - 1)).squareRoot()
    }
  }

  /// The runs that are finished and evaluated.
  package var runs: [RunRecord]
  /// Of their held-out losses, nats.
  package var loss: Spread
  /// Of their accuracies.
  package var accuracy: Spread

  /// Fields that a seed determines, and those that change no result.
  private static func isIgnored(_ field: String) -> Bool {
    ["configuration.seed", "initialParameters", "formatVersion"].contains(field)
      || field.hasPrefix("configuration.intervals.")
  }

  /// The groups of two and more, the lowest mean loss first.
  package static func groups(of runs: [RunRecord]) -> [SeedGroup] {
    let through = runs.filter { $0.summary != nil && !$0.fields.isEmpty }
    let groups = Dictionary(grouping: through) { run in
      run.fields.filter { !isIgnored($0.key) }.map { "\($0.key)=\($0.value)" }.sorted()
    }
    return groups.values.compactMap { members -> SeedGroup? in
      guard Set(members.map { $0.fields["configuration.seed"] }).count == members.count,
        let loss = Spread(members.compactMap { $0.figures?.loss }),
        let accuracy = Spread(members.compactMap { $0.figures?.accuracy })
      else { return nil }
      return SeedGroup(runs: members, loss: loss, accuracy: accuracy)
    }.sorted { ($0.loss.mean, $0.runs[0].name) < ($1.loss.mean, $1.runs[0].name) }
  }
}
