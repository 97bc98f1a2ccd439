extension CheckpointState {
  /// Counts the sequences that were left out of a step's batches.
  ///
  /// - Parameters:
  ///   - items: The step's batches; `epoch` is the last one's already.
  ///   - atEnd: Whether the run ends here.
  /// - Returns: The epochs that have ended of which sequences were left out.
  mutating func add(skipped items: [Prefetcher.Item], atEnd: Bool) -> [SkipMetrics] {
    var counts: [Int: Int] = [:]
    for item in items { counts.merge(item.skipped, uniquingKeysWith: +) }
    let sum = counts.values.reduce(0, +)
    if sum > 0 { skippedSequences = (skippedSequences ?? 0) + sum }
    if let countedEpoch, let skippedOfEpoch { counts[countedEpoch, default: 0] += skippedOfEpoch }
    let ended = counts.filter { $0.value > 0 && ($0.key < epoch || atEnd) }
    skippedOfEpoch = atEnd ? nil : counts[epoch]
    countedEpoch = skippedOfEpoch == nil ? nil : epoch
    return ended.sorted { $0.key < $1.key }.map {
      SkipMetrics(step: step, epoch: $0.key, skippedSequences: $0.value)
    }
  }
}
