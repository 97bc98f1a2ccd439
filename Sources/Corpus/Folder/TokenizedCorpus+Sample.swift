extension TokenizedCorpus {
  /// Sequences drawn at random, each at most once, in the order of the corpus.
  ///
  /// - Parameters:
  ///   - count: How many; all where the corpus has fewer.
  ///   - seed: The same seed gives the same sequences.
  /// - Returns: their places.
  package func sample(count: Int, seed: UInt64) -> [SequenceReference] {
    precondition(count >= 0, "a sample has a size")
    let total = manifest.sequences
    // Floyd's algorithm: each set of that size is as likely as any other.
    var chosen: Set<Int> = []
    for last in max(0, total - count)..<total {
      let word = CounterRandom.combine(CounterRandom.mix(seed), UInt64(last))
      let candidate = CounterRandom.below(last + 1, word)
      if !chosen.insert(candidate).inserted { chosen.insert(last) }
    }
    // All blocks but the last of the corpus are full.
    return chosen.sorted().map {
      SequenceReference(
        block: $0 / CorpusLayout.blockSequences, index: $0 % CorpusLayout.blockSequences)
    }
  }
}
