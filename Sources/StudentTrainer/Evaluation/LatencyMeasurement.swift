package import Transformer

/// How long a model takes for one sequence, as a caller that fills one mask sees it.
package struct LatencyMeasurement: Codable, Sendable, Equatable {
  /// Tokens of the sequence.
  package var tokens: Int
  /// Runs that were measured.
  package var runs: Int
  /// Median time of encoder and head at one position, milliseconds.
  package var medianMilliseconds: Double
  /// Fastest run, milliseconds.
  package var fastestMilliseconds: Double

  /// Measures a model: the encoder over one sequence, and the head at one masked position.
  ///
  /// - Parameters:
  ///   - model: Not changed but for its activations.
  ///   - tokens: Tokens of the sequence; cut to what the model has positions for.
  ///   - runs: Measured runs, at least 1.
  ///   - warmupRuns: Runs before them.
  /// - Returns: Median and fastest time.
  package static func measure(
    _ model: MaskedLanguageModel, tokens: Int = 128, runs: Int = 20, warmupRuns: Int = 3
  ) -> LatencyMeasurement {
    precondition(tokens > 0 && runs > 0 && warmupRuns >= 0, "nothing to measure")
    let length = min(tokens, model.configuration.maxPositionEmbeddings)
    let vocab = model.configuration.vocabSize
    // Different IDs, so that the embeddings are read as they are in text.
    let ids = (0..<length).map { Int32(($0 * 7919 + 1) % vocab) }
    let batch = PackedBatch(tokenIDs: ids, sequenceStarts: [0, Int32(length)])
    var milliseconds: [Double] = []
    for run in 0..<warmupRuns + runs {
      let start = ContinuousClock.now
      model.encode(batch, training: false)
      model.forEachLogitChunk(rows: [Int32(length / 2)]) { _, _, _ in }
      if run >= warmupRuns { milliseconds.append((ContinuousClock.now - start).seconds * 1000) }
    }
    milliseconds.sort()
    return LatencyMeasurement(
      tokens: length, runs: runs, medianMilliseconds: milliseconds[milliseconds.count / 2],
      fastestMilliseconds: milliseconds[0])
  }
}
