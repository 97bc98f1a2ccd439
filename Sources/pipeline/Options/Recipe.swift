import ArgumentParser
import Corpus
import LogitCache

/// A set of options by one name.
enum Recipe: String, ExpressibleByArgument, CaseIterable {
  /// Sanh et al. 2019 and the authors' training script, to the letter.
  case distilbert

  /// Exponent of the weights count^-exponent by which tokens are masked.
  static let frequencyExponent = 0.7
  /// Sequences of an optimiser step: batches of 5, accumulated 50 times on 16 GPUs.
  static let batchSequences = 4000

  /// What of a cache is not the recipe's, field by field; nothing where it serves it.
  ///
  /// - Parameters:
  ///   - specification: The cache.
  ///   - masks: Its masks.
  /// - Returns: Lines for a person.
  static func differences(
    of specification: CacheSpecification, masks: MaskSpecification
  ) -> [String] {
    var differences: [String] = []
    func compare<Value: Equatable>(_ name: String, _ found: Value, _ wanted: Value) {
      if found != wanted { differences.append("\(name): \(found), the recipe's is \(wanted)") }
    }
    compare("positions", specification.positions.rawValue, PositionSelection.all.rawValue)
    compare("share of masked tokens", masks.probability, 0.15)
    compare("share of [MASK]", masks.maskShare, 0.8)
    compare("share of random tokens", masks.randomShare, 0.1)
    compare("exponent of the masks' weights", masks.frequencyExponent, frequencyExponent)
    let hasLast = specification.keptStateLayers.contains(specification.teacher.layers)
    compare("last hidden states", hasLast ? "kept" : "none", "kept")
    return differences
  }
}
