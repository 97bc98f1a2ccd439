/// How much of the compute benchmark is measured.
struct ComputePlan {
  let isQuick: Bool

  /// Turns of each program, after one that warms up.
  var rounds: Int { isQuick ? 2 : 5 }
  /// Optimiser steps of one turn.
  var stepsPerTurn: Int { isQuick ? 1 : 2 }
  /// Sequences of one turn where one takes milliseconds.
  var shortRuns: Int { isQuick ? 5 : 20 }
  /// Tokens of the lines that a teacher reads, about.
  var lineTokens: Int { isQuick ? 6_000 : 16_000 }
  /// Batches of the corpus that a cache is made of.
  var cachedBatches: Int { isQuick ? 4 : 8 }
  /// Batches that the peers take in turn.
  var peerBatches: Int { 4 }
  /// Tokens of the steps by which growth is seen.
  var stepTokens: [Int] { isQuick ? [1_024, 4_096] : [1_024, 4_096, 16_384, 65_536] }
  /// Vocabularies by which growth is seen.
  var vocabularies: [Int] { isQuick ? [8_192, 32_768] : [8_192, 16_384, 32_768, 65_536, 131_072] }
}
