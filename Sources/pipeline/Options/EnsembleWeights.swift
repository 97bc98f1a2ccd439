import ArgumentParser

/// The weights of an ensemble's caches: numbers above 0, separated by commas.
struct EnsembleWeights: ExpressibleByArgument {
  /// In the order of the caches, in any scale.
  let values: [Double]

  /// As at the command line.
  var defaultValueDescription: String { values.map { "\($0)" }.joined(separator: ",") }

  init?(argument: String) {
    let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map {
      Double($0)
    }
    let values = numbers.compactMap { $0 }.filter { $0 > 0 && $0.isFinite }
    guard !values.isEmpty, values.count == numbers.count else { return nil }
    self.values = values
  }
}
