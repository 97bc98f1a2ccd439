import CKernels

extension SoftTargetSelection {
  /// IDs of a row with unbiased estimates of their probabilities at T = 1.
  package struct Sample: Sendable, Equatable {
    /// The exact IDs, ascending, and then the sampled ones, ascending; all distinct.
    package var ids: [Int32]
    /// Their estimates: probabilities of the exact ones, one equal weight for each sampled one. They
    /// sum to 1 within 1e-6.
    package var probabilities: [Float]
    /// How many of them are exact.
    package var exactCount: Int
  }

  /// Samples a row's distribution at T = 1 by a threshold.
  ///
  /// Every ID with a probability p of at least c is kept as it is; of the others each is kept with the
  /// probability p / c and the weight c, by systematic sampling in the order of the IDs. c is the
  /// largest number up to `threshold` for which the expected count is whole. So the count does not
  /// depend on the seed, no ID comes twice, the weights sum to 1, and the expectation of an ID's
  /// estimate is its probability.
  ///
  /// - Parameters:
  ///   - logits: One row, shape `[vocab]`.
  ///   - threshold: tau, above 0 and at most 1; about 1 / tau IDs of a flat row are kept.
  ///   - seed: Decides the sampled ones; equal seeds give equal samples on any number of threads.
  ///   - scratch: At least `logits.count` floats of this thread; overwritten.
  /// - Returns: The sample; nil where a logit is not finite.
  /// - Complexity: A few passes over the row.
  /// - Source: DESIGN.md, section 4. Systematic sampling: Madow 1949.
  package static func sample(
    _ logits: UnsafeBufferPointer<Float>, threshold: Double, seed: UInt64,
    scratch: UnsafeMutableBufferPointer<Float>
  ) -> Sample? {
    precondition(threshold > 0 && threshold <= 1, "threshold \(threshold) is not in 0 ... 1")
    precondition(scratch.count >= logits.count, "scratch of \(scratch.count)")
    precondition(logits.count < Int(Int32.max), "a row of \(logits.count)")
    guard let row = logits.baseAddress, let values = scratch.baseAddress else { return nil }
    let most = min(Double(logits.count), (1 / threshold).rounded(.up) + 1)
    let capacity = Int(most)
    var (found, exact) = (Int64(-1), Int64(0))
    var probabilities: [Float] = []
    let ids = [Int32](unsafeUninitializedCapacity: capacity) { ids, idCount in
      probabilities = [Float](unsafeUninitializedCapacity: capacity) { weights, weightCount in
        found = decant_sample_targets(
          row, Int64(logits.count), threshold, uniform(seed), ids.baseAddress, weights.baseAddress,
          Int64(capacity), &exact, values)
        weightCount = max(0, Int(found))
      }
      idCount = max(0, Int(found))
    }
    return found < 0
      ? nil : Sample(ids: ids, probabilities: probabilities, exactCount: Int(exact))
  }

  /// A number in `0 ..< 1` from a seed, by the finaliser of SplitMix64.
  private static func uniform(_ seed: UInt64) -> Double {
    var z = seed &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
  }
}
