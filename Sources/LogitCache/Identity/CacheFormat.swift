/// The constants of a logit cache; `docs/FORMAT.md` gives every byte.
package enum CacheFormat {
  /// Version of the cache's format.
  package static let version = 2

  static let manifest = "manifest.json"
  static let tables = "tables"
  static let sequences = "sequences"

  /// What every shard of soft targets calls itself, since it may lie in several caches under several
  /// numbers.
  static let recordedShardName = "logits"

  /// Tokens of one block of the decoder's weight.
  static let decoderRows = 1024

  /// Largest log-step of the head.
  static let largestStep = 65_535

  static func shardName(_ index: Int) -> String {
    let digits = "\(index)"
    return "shard-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits
  }
}

/// Names of the streams.
package enum StreamName {
  package static let lengths = "lengths"
  package static let ids = "ids"
  package static let rows = "rows"
  package static let positions = "positions"
  package static let inputCheck = "inputCheck"
  package static let headIDs = "head.ids"
  package static let headSteps = "head.steps"
  package static let tailScalars = "tail.scalars"
  package static let tailHidden = "tail.hidden"
  package static let tailHiddenScales = "tail.hiddenScales"
  package static let states = "states"
  package static let statesScales = "states.scales"
  package static let auditRows = "audit.rows"
  package static let auditLogits = "audit.logits"
  static let tokenCounts = "tokenCounts"
  static let idOrder = "idOrder"
  static let decoderWeight = "decoder.weight"
  static let decoderBias = "decoder.bias"
}
