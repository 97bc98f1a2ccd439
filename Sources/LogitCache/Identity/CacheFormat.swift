import ShardStore

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

  /// Bytes that a manifest may have: some hundred thousand shards.
  static let largestManifest = 256 << 20

  /// Values that the parts of a manifest may have whose meaning others own, such as the masks'.
  static let mostValues = 1 << 18

  /// Rows that a manifest may declare of a shard.
  static let largestShardRows = 1 << 40

  /// Numbers that an array made of a block or a table may have, so that no few bytes make a reader
  /// allocate much: 1 GiB of single precision.
  static let largestArray = 1 << 28

  /// Largest magnitude of a number in the tables: their products with what a block keeps are then
  /// finite in single precision.
  static let largestFloat: Float = 1e9

  static func shardName(_ index: Int) -> String { ShardFormat.shardName(index) }
}

/// Names of the streams.
package enum StreamName {
  package static let lengths = "lengths"
  package static let ids = "ids"
  package static let rows = "rows"
  package static let positions = "positions"
  package static let inputCheck = "inputCheck"
  package static let classes = "classes"
  package static let headIDs = "head.ids"
  package static let headSteps = "head.steps"
  package static let tailScalars = "tail.scalars"
  package static let tailLowRank = "tail.lowrank"
  package static let tailSampled = "tail.sampled"
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
  static let codes = "codes"
  static let scalarFactors = "tail.factors"
  static let lowRankMean = "lowrank.mean"
  static let lowRankEncoder = "lowrank.encoder"
  static let lowRankSteps = "lowrank.steps"
  static let lowRankBias = "lowrank.bias"
  static let lowRankVariances = "lowrank.variances"
  static let lowRankNoise = "lowrank.noise"
  static let lowRankWeight = "lowrank.weight"

  /// The streams of a layer's states: the last layer's have no number.
  package static func states(ofLayer layer: Int, of layers: Int) -> (values: String, scales: String)
  {
    layer == layers
      ? (states, statesScales) : ("\(states).\(layer)", "\(states).\(layer).scales")
  }

  /// Whether a stream holds states.
  package static func isOfStates(_ name: String) -> Bool {
    name == states || name.hasPrefix("\(states).")
  }

  /// What the streams of a class of positions begin with: 0 for those that the mask chose.
  package static func prefix(ofClass index: Int) -> String { index == 0 ? "" : "other." }
}
