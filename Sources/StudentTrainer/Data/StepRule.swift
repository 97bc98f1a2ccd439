/// Where an optimiser step ends: how many batches are accumulated to one.
package enum StepRule: Sendable, Equatable {
  /// So many batches.
  case batches(Int)
  /// Whole batches until they hold so many sequences or more.
  case sequences(Int)

  /// True where a step that has this much is full.
  package func isFull(batches: Int, sequences: Int) -> Bool {
    switch self {
    case .batches(let count): batches >= count
    case .sequences(let count): sequences >= count
    }
  }

  /// Steps that batches of these sizes make, one after the other; the last may be short.
  ///
  /// - Parameter sequences: Sequences of each batch.
  /// - Returns: The number of steps.
  package func stepCount(_ sequences: some Sequence<Int>) -> Int {
    var (steps, batches, sum) = (0, 0, 0)
    for count in sequences {
      if batches == 0 { steps += 1 }
      batches += 1
      sum += count
      if isFull(batches: batches, sequences: sum) { (batches, sum) = (0, 0) }
    }
    return steps
  }
}

/// What a source that runs ahead has to know of the steps its batches are for.
package struct StepPlan: Sendable {
  /// Where a step ends.
  package var rule: StepRule
  /// The step of the first batch, counted from 0.
  package var firstStep: Int
  /// T of each step; nil leaves it to the source.
  package var temperature: (@Sendable (_ step: Int) -> Double)?

  /// A plan from its parts; a batch a step unless said.
  package init(
    _ rule: StepRule = .batches(1), firstStep: Int = 0,
    temperature: (@Sendable (_ step: Int) -> Double)? = nil
  ) {
    self.rule = rule
    self.firstStep = firstStep
    self.temperature = temperature
  }
}
