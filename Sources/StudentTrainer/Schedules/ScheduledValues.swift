/// Which numbers of a run follow a schedule instead of staying what the configuration says.
///
/// Where a weight follows one, the configuration's own number is the schedule's largest, so that
/// "is it ever above 0" is what it was; where the temperature does, it is the smallest, since small
/// ones are what targets cannot serve.
package struct ScheduledValues: Codable, Hashable, Sendable {
  /// T.
  package var temperature: Schedule?
  /// Weight of the soft-target loss.
  package var alphaCE: Schedule?
  /// Weight of the masked tokens' cross entropy.
  package var alphaMLM: Schedule?
  /// Weight of the cosine loss of the last states.
  package var alphaCos: Schedule?
  /// Weight of the hidden-state loss.
  package var hidden: Schedule?

  /// Nothing is scheduled.
  package init() {}
}

extension TrainingConfiguration {
  /// Lets a number follow a schedule, or sets it where the schedule is constant.
  ///
  /// - Parameters:
  ///   - schedule: What it follows.
  ///   - field: The number.
  package mutating func set(
    _ schedule: Schedule, for field: WritableKeyPath<ScheduledValues, Schedule?>
  ) {
    var values = scheduled ?? ScheduledValues()
    if case .constant = schedule {
      values[keyPath: field] = nil
    } else {
      values[keyPath: field] = schedule
    }
    scheduled = values == ScheduledValues() ? nil : values
    switch field {
    case \ScheduledValues.temperature: temperature = schedule.minimum
    case \ScheduledValues.alphaCE: alphaCE = schedule.maximum
    case \ScheduledValues.alphaMLM: alphaMLM = schedule.maximum
    case \ScheduledValues.alphaCos: alphaCos = schedule.maximum
    default: hidden?.weight = schedule.maximum
    }
  }

  /// What a number follows: its schedule, or itself at every step.
  package func schedule(_ field: KeyPath<ScheduledValues, Schedule?>) -> Schedule {
    if let schedule = scheduled?[keyPath: field] { return schedule }
    return switch field {
    case \ScheduledValues.temperature: .constant(temperature)
    case \ScheduledValues.alphaCE: .constant(alphaCE)
    case \ScheduledValues.alphaMLM: .constant(alphaMLM)
    case \ScheduledValues.alphaCos: .constant(alphaCos)
    default: .constant(hidden?.weight ?? 0)
    }
  }

  /// T of a step counted from 0.
  package func temperature(step: Int, totalSteps: Int) -> Double {
    scheduled?.temperature?.value(step: step, totalSteps: totalSteps) ?? temperature
  }

  /// This configuration with the weights and the temperature of one step, and no schedule of them.
  ///
  /// - Parameters:
  ///   - step: Counted from 0.
  ///   - totalSteps: Steps of the whole run.
  /// - Returns: What the objective takes at that step.
  package func resolved(step: Int, totalSteps: Int) -> TrainingConfiguration {
    guard let scheduled else { return self }
    func value(_ schedule: Schedule?, _ usual: Double) -> Double {
      schedule?.value(step: step, totalSteps: totalSteps) ?? usual
    }
    var result = self
    result.scheduled = nil
    result.temperature = value(scheduled.temperature, temperature)
    result.alphaCE = value(scheduled.alphaCE, alphaCE)
    result.alphaMLM = value(scheduled.alphaMLM, alphaMLM)
    result.alphaCos = value(scheduled.alphaCos, alphaCos)
    if let hidden { result.hidden?.weight = value(scheduled.hidden, hidden.weight) }
    return result
  }

  /// Throws `StudentTrainerError.invalidConfiguration` for a schedule that leaves its range.
  func validateSchedules() throws {
    guard let scheduled else { return }
    func require(_ schedule: Schedule?, _ field: String, least: Double, _ allowed: String) throws {
      guard let schedule, !(schedule.isValid && schedule.minimum >= least) else { return }
      throw StudentTrainerError.invalidConfiguration(
        field: field, value: schedule.description, allowed: allowed)
    }
    for (field, schedule) in [
      ("alphaCE", scheduled.alphaCE), ("alphaMLM", scheduled.alphaMLM),
      ("alphaCos", scheduled.alphaCos), ("the hidden-state loss's weight", scheduled.hidden),
    ] {
      try require(schedule, field, least: 0, "0 or more at every step")
    }
    try require(
      scheduled.temperature, "temperature", least: .leastNormalMagnitude, "above 0 at every step")
  }
}
